import type { AzureSpeakConfig } from './speak-config.js';

/** A document for the voice, and what it costs. */
export interface Ssml {
  readonly document: string;
  /** What Azure charges for: all within `<voice>`, markup included, and two for each Han character. */
  readonly characters: number;
}

type VoiceConfig = Pick<
  AzureSpeakConfig,
  'voice' | 'rate' | 'pitch' | 'volume' | 'style' | 'styleDegree' | 'role' | 'silence' | 'lexicon'
>;

/**
 * SSML in which `text` is spoken as `config` says. Whatever the model wrote is text: it cannot open an element.
 * https://learn.microsoft.com/azure/ai-services/speech-service/speech-synthesis-markup-structure
 */
export function buildSsml(text: string, config: VoiceConfig): Ssml {
  const { voice, rate, pitch, volume, style, styleDegree, role, silence, lexicon } = config;
  const spoken = element('prosody', { rate, pitch, volume }, escapeXml(text));
  const expressed = element('mstts:express-as', { style, styledegree: styleDegree, role }, spoken);
  const content = [
    lexicon === undefined ? '' : `<lexicon uri="${escapeXml(lexicon)}"/>`,
    pause('Leading-exact', silence.leadingMs),
    pause('Tailing-exact', silence.tailingMs),
    pause('Sentenceboundary-exact', silence.sentenceMs),
    expressed,
  ].join('');
  const document =
    '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="http://www.w3.org/2001/mstts" ' +
    `xml:lang="${escapeXml(azureVoiceLanguage(voice))}"><voice name="${escapeXml(voice)}">${content}</voice></speak>`;
  return { document, characters: chargedCharacters(content) };
}

/** The language that a voice's name begins with: `en-US` of `en-US-AriaNeural`. Custom voices have none: `en-US`. */
export function azureVoiceLanguage(voice: string): string {
  return /^[a-z]{2,3}-(?:[A-Z][a-z]{3}-)?[A-Z]{2}/.exec(voice)?.[0] ?? 'en-US';
}

/** `content` within an element, where it would have an attribute; else as it is. */
function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content: string,
): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeXml(String(value))}"`],
  );
  return written.length === 0 ? content : `<${name}${written.join('')}>${content}</${name}>`;
}

function pause(type: string, ms: number | undefined): string {
  return ms === undefined ? '' : `<mstts:silence type="${type}" value="${ms}ms"/>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * `text` as character data or as the value of an attribute. What XML 1.0 (section 2.2) does not allow at all, control
 * characters and halves of surrogate pairs, is left out: one of them would cost the whole sentence.
 */
export function escapeXml(text: string): string {
  let escaped = '';
  for (const character of text) {
    if (isXmlCharacter(character.codePointAt(0) ?? 0)) escaped += entities[character] ?? character;
  }
  return escaped;
}

function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return (code < 0xd800 || code > 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

function chargedCharacters(content: string): number {
  let characters = 0;
  for (const character of content) characters += /\p{Script=Han}/u.test(character) ? 2 : 1;
  return characters;
}
