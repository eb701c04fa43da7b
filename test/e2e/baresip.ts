import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baresipModules, findTool } from '../tools/tools.mjs';

/** A call by baresip, a softphone that has nothing to do with this project. */
export interface BaresipCall {
  readonly uri: string;
  /** Its own user part. */
  readonly caller: string;
  /** What it says: a WAV file, 16 bit, mono, of the rate that {@link soundRateHz} names. It hangs up at the end. */
  readonly say: string;
  readonly codec: keyof typeof codecs;
  /** SRTP: keys in SDP, offered as RTP/AVP with a key or as RTP/SAVP; or from DTLS, with or without ICE. Default: none. */
  readonly encryption?: keyof typeof encryptions;
  /** It is killed after this. */
  readonly limitMs: number;
}

export interface BaresipResult {
  /** WAV file with all that it decoded, gapless from the first packet it played. */
  readonly heard: string;
  /** Its console output. */
  readonly output: string;
}

/** What baresip calls a codec, the module that brings it, and the rate of its "sound card", Hz. */
const codecs = {
  pcmu: { name: 'pcmu/8000/1', module: 'g711', rateHz: 8_000 },
  pcma: { name: 'pcma/8000/1', module: 'g711', rateHz: 8_000 },
  g722: { name: 'g722/16000/1', module: 'g722', rateHz: 16_000 },
  opus: { name: 'opus/48000/2', module: 'opus', rateHz: 16_000 },
} as const;

/** What an account says of it, and the modules that bring it. */
const encryptions = {
  srtp: { account: 'mediaenc=srtp', modules: ['srtp'] },
  'srtp-mand': { account: 'mediaenc=srtp-mand', modules: ['srtp'] },
  /** RTCP has ports and a handshake of its own, as baresip has it by default. */
  dtls: { account: 'mediaenc=dtls_srtp', modules: ['dtls_srtp'] },
  /** With a=rtcp-mux. */
  'dtls-ice': { account: 'mediaenc=dtls_srtp;medianat=ice', modules: ['dtls_srtp', 'ice'] },
} as const;

/** Rate of what it says and hears, Hz. */
export function soundRateHz(codec: BaresipCall['codec']): 8_000 | 16_000 {
  return codecs[codec].rateHz;
}

const PRINTED_AT_THE_END = /Call with .* terminated|: session closed/;

/**
 * Sound comes from a file; the "sound card" is a bridge with nothing at its other end, which takes frames at the pace a
 * card would; the sndfile filter in front of it writes what it is given. The rest is as Debian ships it.
 */
function configuration(modules: string, call: BaresipCall, directory: string): string {
  const { module: codecModule, rateHz } = codecs[call.codec];
  return [
    'sip_listen 127.0.0.1:0',
    `audio_source aufile,${call.say}`,
    'audio_player aubridge,nobody',
    'audio_alert aubridge,nobody',
    ...[`ausrc_srate ${rateHz}`, `auplay_srate ${rateHz}`, 'ausrc_channels 1', 'auplay_channels 1'],
    ...['audio_buffer 20-160', 'jitter_buffer_type fixed', 'jitter_buffer_delay 5-10'],
    ...(call.encryption === 'dtls-ice' ? ['rtcp_mux yes'] : []),
    `snd_path ${join(directory, 'heard')}`,
    `module_path ${modules}`,
    ...[
      codecModule,
      'aufile',
      'aubridge',
      'sndfile',
      ...(call.encryption ? encryptions[call.encryption].modules : []),
    ].map((module) => `module ${module}.so`),
    'module_tmp account.so',
    'module_app menu.so',
    '',
  ].join('\n');
}

/**
 * Dials, speaks, listens until the file has been said, and hangs up.
 *
 * @param use is given the result while its files are there.
 */
export async function callWithBaresip<T>(call: BaresipCall, use: (result: BaresipResult) => Promise<T>): Promise<T> {
  const baresip = findTool('baresip');
  const directory = mkdtempSync(join(tmpdir(), 'baresip-'));
  try {
    mkdirSync(join(directory, 'heard'));
    writeFileSync(join(directory, 'config'), configuration(baresipModules(baresip), call, directory));
    const encryption = call.encryption === undefined ? '' : `;${encryptions[call.encryption].account}`;
    // No registrar, no password: it just calls.
    const account = `<sip:${call.caller}@127.0.0.1>;regint=0;audio_codecs=${codecs[call.codec].name}${encryption}\n`;
    writeFileSync(join(directory, 'accounts'), account);
    writeFileSync(join(directory, 'contacts'), '');
    const child = spawn(baresip.command, ['-f', directory, '-e', `/dial ${call.uri}`], {
      env: { ...baresip.env, HOME: directory },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (PRINTED_AT_THE_END.test(output)) child.kill('SIGTERM');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const limit = setTimeout(() => child.kill('SIGKILL'), call.limitMs);
    await once(child, 'close');
    clearTimeout(limit);
    const heard = readdirSync(join(directory, 'heard')).find((name) => name.endsWith('-dec.wav'));
    if (heard === undefined) throw new Error(`baresip heard nothing:\n${output}`);
    return await use({ heard: join(directory, 'heard', heard), output });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
