/** What some voices act when it stands in square brackets; hosts of the model spell one of them in two ways. */
const signs = ['laugh', 'chuckle', 'sigh', 'gasp', 'cough', 'clear throat', 'sniff', 'groan', 'shush', 'sush'] as const;

const bracketed = String.raw`\[(?:${signs.join('|')})\](?!\()`;
const sign = new RegExp(String.raw`\s{0,4}${bracketed}`, 'gi');
/** With what ends a clause behind it: by itself that would be lost. */
const signAndStop = new RegExp(String.raw`\s{0,4}(${bracketed}[.,!?]{0,3})`, 'gi');

/** A text without signs such as `[laugh]`. Other brackets stay: they are somebody's text. */
export function withoutVoiceSigns(text: string): string {
  return text.replace(sign, '');
}

/**
 * A text whose signs stay where they are, and the rest of which is said by `say`. Empty where nothing else can be said: a
 * voice that does not act them would make no sound of it.
 */
export function aroundVoiceSigns(text: string, say: (text: string) => string): string {
  // What a pattern captures stands between the parts.
  const parts = text.split(signAndStop);
  const said = parts.map((part, index) => (index % 2 === 1 ? part : say(part)));
  return said.some((part, index) => index % 2 === 0 && part !== '') ? said.filter((part) => part !== '').join(' ') : '';
}
