import { createHash } from 'node:crypto';

/** What the page begins with. */
export interface PageSettings {
  /** `ws:` or `wss:` URL. */
  readonly server: string;
  readonly number: string;
}

const IMPORT_MAP = JSON.stringify({ imports: { 'sip.js': '/sip.js/index.js' } });

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { width: min(22rem, 92vw); display: grid; gap: 1rem; }
h1 { font-size: 1.1rem; margin: 0; }
label { display: grid; gap: .25rem; font-size: .85rem; }
input, button { font: inherit; padding: .55rem .7rem; border: 1px solid #8886; border-radius: .5rem; background: #8881; color: inherit; }
button { cursor: pointer; }
#button { background: #1a7f4b; color: #fff; border: 0; width: 100%; }
body:not([data-state="idle"]) #button { background: #b3372f; }
form { display: grid; gap: .75rem; }
.now { display: flex; justify-content: space-between; min-height: 1.5em; font-variant-numeric: tabular-nums; }
#keys { display: grid; grid-template-columns: repeat(3, 1fr); gap: .4rem; }
.meter { height: .5rem; border-radius: .25rem; background: #8883; overflow: hidden; }
.meter::before { content: ""; display: block; height: 100%; width: 100%; background: #2f81d8; transform-origin: left;
  transform: scaleX(var(--level, 0)); }
.meters { display: grid; grid-template-columns: auto 1fr; gap: .3rem .7rem; align-items: center; font-size: .85rem; }
`;

/** Scripts of the page's own alone, connections to anywhere: the connector may be on another machine. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src 'self' ${hashOf(IMPORT_MAP)}`,
  `style-src ${hashOf(STYLE)}`,
  'connect-src ws: wss:',
  'img-src data:',
  'media-src blob: mediastream:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page of the browser phone. */
export function pageHtml({ server, number }: PageSettings): string {
  const keys = [...'123456789*0#'].map((key) => `<button type="button">${key}</button>`).join('');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Browser phone</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script type="importmap">${IMPORT_MAP}</script>
<script type="module" src="/page/main.js"></script>
<body data-state="idle">
<main>
<h1>Browser phone</h1>
<form id="call">
<label>Connector <input id="server" required value="${escaped(server)}" spellcheck="false"></label>
<label>Number <input id="number" required value="${escaped(number)}" inputmode="tel"></label>
<button id="button">Call</button>
</form>
<div class="now"><div id="status" role="status"></div><div id="time" role="timer"></div></div>
<div class="meters" aria-hidden="true"><span>Agent</span><div class="meter" id="agent"></div><span>You</span><div class="meter" id="caller"></div></div>
<div id="keys" role="group" aria-label="Keys">${keys}</div>
<button id="mute" type="button" aria-pressed="false" disabled>Mute</button>
<audio id="speaker"></audio>
</main>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
