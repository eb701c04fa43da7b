import { callerSounds } from './dist/test/support/caller-corpus.js';
import { overlap } from './dist/test/soak/turns/overlap.js';
import { agentText } from './dist/test/soak/turns/agent-text.js';
const [part, n, kinds, snrs, from] = [process.argv[2], Number(process.argv[3]), process.argv[4].split(','), process.argv[5].split(',').map(Number), process.argv[6]??'none'];
const agent = await agentText();
for (const kind of kinds) for (const snr of snrs) {
  const sounds = await callerSounds(part, kind, snr, n);
  let conf=0; const miss=[];
  for (const s0 of sounds) { const lead=Number(process.env.LEAD??0)*8; const ss=new Int16Array(lead+s0.samples.length); ss.set(s0.samples,lead); const s={...s0,samples:ss,onsetMs:s0.onsetMs+lead/8,endMs:s0.endMs+lead/8}; const o = await overlap(s, agent, from); if (o.confirmedAfterMs!==undefined) conf++; else miss.push([s.text,s.voice,s.noise,Math.round(s.onsetMs),Math.round(s.endMs-s.onsetMs),o.onsetToPauseMs&&Math.round(o.onsetToPauseMs),o.resumed,Math.round(o.pausedMs)].join('|')); if (process.env.LATE && o.confirmedAfterMs>1000) miss.push('late '+[s.text,s.voice,s.noise,Math.round(o.confirmedAfterMs)].join('|')); }
  console.log(kind, snr, from, `${conf}/${n}`); if (kind==='phrase'||process.env.LATE) for (const m of miss) console.log('  miss', m);
}
