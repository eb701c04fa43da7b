/**
 * The process that hears or speaks. Plain JavaScript, because Node 20 cannot start a process from TypeScript. A process
 * and no thread: the native code ends whoever it runs in when a model is not what it seems.
 *
 * @typedef {{ readonly module: string, readonly kind: 'online' | 'offline' | 'tts', readonly config: object }} SherpaSetup
 * @typedef {{ readonly id: number, readonly samples: Float32Array, readonly sampleRate: number }} SherpaHearing
 * @typedef {{ readonly id: number, readonly text: string, readonly sid: number, readonly speed: number }} SherpaSpeaking
 * @typedef {SherpaHearing | SherpaSpeaking} SherpaJob
 * @typedef {{ readonly ready: true, readonly sampleRate: number }
 *   | { readonly failed: 'module' | 'model', readonly code: string }
 *   | { readonly id: number, readonly text: string }
 *   | { readonly id: number, readonly samples: Float32Array, readonly sampleRate: number }
 *   | { readonly id: number, readonly error: string }} SherpaReply
 */

/** @type {(job: any) => object} */
let work = () => ({ error: 'not ready' });

/** @param {SherpaReply} reply */
function send(reply) {
  process.send?.(reply);
}

/** @param {SherpaSetup} setup */
async function start({ module, kind, config }) {
  /** @type {any} */
  let sherpa;
  try {
    const loaded = await import(module);
    sherpa = loaded.default ?? loaded;
  } catch (error) {
    send({ failed: 'module', code: error instanceof Error && 'code' in error ? String(error.code) : '' });
    process.exit(1);
  }
  try {
    let sampleRate = 0;
    if (kind === 'tts') {
      const tts = new sherpa.OfflineTts(config);
      sampleRate = tts.sampleRate;
      work = ({ text, sid, speed }) => {
        // External buffers are not allowed in every build of Node.
        const audio = tts.generate({ text, sid, speed, enableExternalBuffer: false });
        return { samples: audio.samples, sampleRate: audio.sampleRate };
      };
    } else if (kind === 'online') {
      const recogniser = new sherpa.OnlineRecognizer(config);
      work = ({ samples, sampleRate: rate }) => {
        const stream = recogniser.createStream();
        stream.acceptWaveform({ samples, sampleRate: rate });
        // Streaming models look ahead: without silence behind them the last words stay inside.
        stream.acceptWaveform({ samples: new Float32Array(Math.round(rate * 0.5)), sampleRate: rate });
        stream.inputFinished();
        while (recogniser.isReady(stream)) recogniser.decode(stream);
        return { text: recogniser.getResult(stream).text };
      };
    } else {
      const recogniser = new sherpa.OfflineRecognizer(config);
      work = ({ samples, sampleRate: rate }) => {
        const stream = recogniser.createStream();
        stream.acceptWaveform({ samples, sampleRate: rate });
        recogniser.decode(stream);
        return { text: recogniser.getResult(stream).text };
      };
    }
    send({ ready: true, sampleRate });
  } catch (error) {
    send({ failed: 'model', code: error instanceof Error ? error.name : '' });
    process.exit(1);
  }
}

process.on('message', (/** @type {any} */ message) => {
  if ('module' in message) {
    void start(message);
    return;
  }
  try {
    send({ id: message.id, .../** @type {any} */ (work(message)) });
  } catch (error) {
    send({ id: message.id, error: error instanceof Error ? error.name : 'Error' });
  }
});
process.on('disconnect', () => process.exit(0));
