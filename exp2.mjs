import { callerSounds } from './dist/test/support/caller-corpus.js';
import { createVoiceDetector } from './dist/src/media/vad.js';
const [part, kind, snr, i] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const s = (await callerSounds(part, kind, snr, i+1))[i];
const d = createVoiceDetector();
let line='';
const lead=Number(process.env.LEAD??0); for (let i=0;i<lead/20;i++) d.process(new Int16Array(160)); for (let at=0; at+160<=s.samples.length; at+=160) {
  const v = d.process(s.samples.subarray(at, at+160));
  const t = at/8; if (t < s.onsetMs-(process.env.ALL?9999:300) || t > s.endMs+300) continue;
  line += (d.changed==='started'?'<':d.changed==='stopped'?'>':'') + (v?'V':d.stirring?'s':'.') + (Math.abs(t-s.onsetMs)<10?'[':'') + (Math.abs(t-s.endMs)<10?']':'');
}
console.log(s.text, s.voice, s.noise, s.onsetMs, s.endMs); console.log(line);
