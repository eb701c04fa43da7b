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
  /** What it says: a WAV file, 16 bit, mono, 8000 Hz. It hangs up at the end. */
  readonly say: string;
  readonly codec: 'pcmu' | 'pcma';
  /** SRTP with keys in SDP: offered as RTP/AVP with a key, or as RTP/SAVP. Default: none. */
  readonly encryption?: 'srtp' | 'srtp-mand';
  /** It is killed after this. */
  readonly limitMs: number;
}

export interface BaresipResult {
  /** WAV file with all that it decoded, gapless from the first packet it played. */
  readonly heard: string;
  /** Its console output. */
  readonly output: string;
}

const PRINTED_AT_THE_END = /Call with .* terminated|: session closed/;

/**
 * Sound comes from a file; the "sound card" is a bridge with nothing at its other end, which takes frames at the pace a
 * card would; the sndfile filter in front of it writes what it is given. The rest is as Debian ships it.
 */
function configuration(modules: string, call: BaresipCall, directory: string): string {
  return [
    'sip_listen 127.0.0.1:0',
    `audio_source aufile,${call.say}`,
    'audio_player aubridge,nobody',
    'audio_alert aubridge,nobody',
    ...['ausrc_srate 8000', 'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1'],
    ...['audio_buffer 20-160', 'jitter_buffer_type fixed', 'jitter_buffer_delay 5-10'],
    `snd_path ${join(directory, 'heard')}`,
    `module_path ${modules}`,
    ...['g711', 'aufile', 'aubridge', 'sndfile', ...(call.encryption ? ['srtp'] : [])].map(
      (module) => `module ${module}.so`,
    ),
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
    const encryption = call.encryption === undefined ? '' : `;mediaenc=${call.encryption}`;
    // No registrar, no password: it just calls.
    const account = `<sip:${call.caller}@127.0.0.1>;regint=0;audio_codecs=${call.codec}/8000/1${encryption}\n`;
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
