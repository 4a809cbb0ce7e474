// The power spectrum of a frame of samples, in integers. Twin of host/xnornode/model/fft.py.

#ifndef BNN_FFT_H
#define BNN_FFT_H

#include <stdint.h>

// Samples of a frame: 2^log2_n, with log2_n from 6 to 10.
#define BNN_FFT_SHORTEST 6
#define BNN_FFT_LONGEST 10

// The power at the frequencies 0 to n / 2 cycles a frame, into spectrum[n / 2 + 1], of n samples.
// The mean is taken off, and a Hann window applied. The power is a number
// here times 2^(2 * what is returned).
int bnn_fft_power(const int16_t *samples, unsigned log2_n, uint32_t *spectrum);

#endif // BNN_FFT_H
