/** A form with a recording in it (RFC 7578). */
export interface WavForm {
  readonly contentType: string;
  readonly body: Buffer;
}

/** Too long to be met in a recording or a prompt; the fields are looked through all the same. */
const BOUNDARY = 'sip-voice-connector-8f2b61c04d7e4b0b9a35';

/**
 * @param fields Names and values; empty values are left out. A value with the boundary in it loses it.
 */
export function wavForm(wav: Uint8Array, fields: readonly (readonly [name: string, value: string])[]): WavForm {
  const head = fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${part(`name="${name}"`)}\r\n\r\n${value.replaceAll(BOUNDARY, '')}\r\n`)
    .join('');
  const file = `${part('name="file"; filename="speech.wav"')}\r\nContent-Type: audio/wav\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([Buffer.from(head + file), wav, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}

function part(disposition: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}`;
}
