// Short tones, for who looks at the sensor and not at the page.

let audio = null;

/** To be called once from a key or a click: a browser lets a page sound only then. */
export function allow() {
  try { audio ||= new AudioContext(); audio.resume(); } catch { audio = null; }
}

export function beep(hertz = 660, seconds = 0.12) {
  if (!audio || audio.state !== "running") return;
  const tone = audio.createOscillator(), volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.15, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + seconds);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + seconds);
}
