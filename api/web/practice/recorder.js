// Records the microphone.

/** Recordings are cut here, short of the API's 60 s: containers add a little. */
export const LONGEST_SECONDS = 59.5;

/** No louder than this (root mean square, 1 is full scale) at any moment: a muted microphone, or an empty room. */
const SILENCE = 0.002;

const LOOK_MS = 50;
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
// Safari's WebM tells wrong durations.
const TYPES_OF_SAFARI = ["audio/mp4", ...TYPES];

/** There is nothing to record with; `reason` is denied, missing, busy, insecure or unsupported. */
export class MicrophoneError extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Return why this browser cannot record at all, or null. */
export function whyNoMicrophone() {
  // Over plain HTTP browsers hide the microphone, but on the machine itself.
  if (!window.isSecureContext) return "insecure";
  const canRecord = navigator.mediaDevices?.getUserMedia && window.MediaRecorder && recordingType();
  return canRecord ? null : "unsupported";
}

export class Recorder {
  #stream;
  #recorder;
  #chunks = [];
  #meter;
  #timer;
  #startedAt;
  #loudest = 0;

  /**
   * Begin to record. `context` measures the level. `onLevel(level, seconds)` is called many times a second,
   * `onEnd(isOver)` when the time is over, or else the microphone was taken away: `stop` then. Raises
   * `MicrophoneError`.
   */
  static async start(context, { onLevel, onEnd }) {
    const reason = whyNoMicrophone();
    if (reason) throw new MicrophoneError(reason);
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => {
      throw new MicrophoneError(reasonOf(error));
    });
    try {
      return new Recorder(stream, context, onLevel, onEnd);
    } catch {
      release(stream);
      throw new MicrophoneError("unsupported");
    }
  }

  constructor(stream, context, onLevel, onEnd) {
    this.#stream = stream;
    this.#recorder = new MediaRecorder(stream, { mimeType: recordingType() });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#chunks.push(data));
    stream.getAudioTracks()[0].addEventListener("ended", () => onEnd(false));
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    this.#meter = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    this.#meter.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      this.#loudest = Math.max(this.#loudest, level);
      onLevel(level, this.#seconds);
      if (this.#seconds >= LONGEST_SECONDS) onEnd(true);
    }, LOOK_MS);
    this.#startedAt = performance.now();
    this.#recorder.start();
  }

  get #seconds() {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** End it, and release the microphone. Resolves to the recording as a Blob, null where it is silent. */
  async stop() {
    clearInterval(this.#timer);
    await new Promise((resolve) => {
      this.#recorder.addEventListener("stop", resolve, { once: true });
      if (this.#recorder.state === "inactive") resolve();
      else this.#recorder.stop();
    });
    release(this.#stream);
    this.#meter.disconnect();
    return this.#loudest < SILENCE ? null : new Blob(this.#chunks, { type: this.#recorder.mimeType });
  }
}

function release(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

function recordingType() {
  const types = navigator.vendor.startsWith("Apple") ? TYPES_OF_SAFARI : TYPES;
  return types.find((type) => MediaRecorder.isTypeSupported(type));
}

function reasonOf(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotSupportedError":
      return "unsupported";
    default:
      return "busy";
  }
}
