// The power spectrum of a frame of samples, in integers. Twin of host/xnornode/model/fft.py.

#ifndef BNN_FFT_H
#define BNN_FFT_H

#include <stdint.h>

// Samples of a frame: 2^log2_n, with log2_n from 6 to 10.
#define BNN_FFT_SHORTEST 6
#define BNN_FFT_LONGEST 10

// The power at the frequencies k = 0 to n / 2 cycles a frame, below 2^31, into spectrum[2 * k], of
// n samples. These are int16 in little-endian bytes at any alignment, `step` of them apart (the
// channels). The mean is taken off, and a Hann window applied. The power is a number here times
// 2^(2 * what is returned). spectrum[n + 1] is all written to.
int bnn_fft_power(const uint8_t *samples, unsigned step, unsigned log2_n, uint32_t *spectrum);

#endif // BNN_FFT_H
