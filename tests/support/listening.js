// Notes what a page plays: what it schedules, how loud its output is, and what its policy forbids.
window.heard = { pieces: [], wholes: [], loudest: 0, violations: [] };
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.heard.violations.push(`${violatedDirective} ${blockedURI}`);
});

const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function noted(when, ...rest) {
  window.heard.pieces.push({ when, seconds: this.buffer.duration });
  return start.call(this, when, ...rest);
};

const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function noted() {
  window.heard.wholes.push({ at: this.currentTime, rate: this.playbackRate, keepsPitch: this.preservesPitch });
  return play.call(this);
};

const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function measured(target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const analyser = new AnalyserNode(this.context, { fftSize: 32768 });
    const samples = new Float32Array(analyser.fftSize);
    connect.call(this, analyser);
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      window.heard.loudest = Math.max(window.heard.loudest, level);
    }, 100);
  }
  return connect.call(this, target, ...rest);
};
