import { BrowserPhone } from './browser-phone.js';
import { LevelMeter } from './level-meter.js';

const form = find('call', HTMLFormElement);
const server = find('server', HTMLInputElement);
const number = find('number', HTMLInputElement);
const button = find('button', HTMLButtonElement);
const mute = find('mute', HTMLButtonElement);
const status = find('status', HTMLElement);
const time = find('time', HTMLElement);
const keys = find('keys', HTMLElement);
const speaker = find('speaker', HTMLAudioElement);

let phone: BrowserPhone | undefined;
let meters: readonly LevelMeter[] = [];
let answeredAt = 0;
let clock = 0;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (phone === undefined) void call();
  else end('');
});

mute.addEventListener('click', () => {
  const muted = mute.getAttribute('aria-pressed') !== 'true';
  mute.setAttribute('aria-pressed', String(muted));
  phone?.mute(muted);
});

for (const key of keys.querySelectorAll('button')) {
  key.addEventListener('click', () => phone?.press(key.textContent ?? ''));
}

// A page that is left or loaded anew would have the agent wait for somebody who is gone.
addEventListener('pagehide', () => void phone?.hangUp());

document.addEventListener('keydown', ({ key, target, repeat, metaKey, ctrlKey, altKey }) => {
  // Keys of the browser's own; both together are the key that some keyboards have for #.
  if (repeat || metaKey || (ctrlKey && !altKey)) return;
  if (!(target instanceof HTMLInputElement) && /^[0-9*#]$/.test(key)) phone?.press(key);
});

async function call(): Promise<void> {
  show('connecting', 'Connecting');
  let mine: BrowserPhone | undefined;
  // What comes of a call that was left already is no matter.
  const over = (reason: string): void => {
    if (phone === mine) end(reason);
  };
  try {
    mine = new BrowserPhone(server.value, () => over('the connection to the connector has gone'));
    phone = mine;
    await mine.connect();
    await mine.call(number.value, {
      onRinging: () => phone === mine && show('ringing', 'Ringing'),
      onAnswered: (heard) => phone === mine && answer(heard),
      onEnded: over,
    });
  } catch (error) {
    over(explain(error));
  }
}

function answer(heard: MediaStream): void {
  answeredAt = performance.now();
  speaker.srcObject = heard;
  void speaker.play();
  const microphone = phone?.microphone;
  meters = [
    new LevelMeter(heard, find('agent', HTMLElement)),
    ...(microphone ? [new LevelMeter(microphone, find('caller', HTMLElement))] : []),
  ];
  show('talking', 'Connected');
  clock = setInterval(showTime, 1000);
  showTime();
}

function end(reason: string): void {
  clearInterval(clock);
  for (const meter of meters) meter.stop();
  meters = [];
  time.textContent = '';
  void phone?.close();
  phone = undefined;
  speaker.srcObject = null;
  mute.setAttribute('aria-pressed', 'false');
  show('idle', reason === '' ? 'The call is over' : `The call is over: ${reason}`);
}

function showTime(): void {
  const seconds = Math.floor((performance.now() - answeredAt) / 1000);
  time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function show(state: 'idle' | 'connecting' | 'ringing' | 'talking', text: string): void {
  document.body.dataset['state'] = state;
  status.textContent = text;
  button.textContent = state === 'idle' ? 'Call' : 'Hang up';
  mute.disabled = state !== 'talking';
}

function explain(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'NotAllowedError') return 'the browser was not allowed to use the microphone';
  if (name === 'NotFoundError') return 'this machine has no microphone';
  if (/websocket|1006/i.test(message)) {
    return `${server.value} cannot be reached, or does not let pages of ${location.origin} in (signaling.embedded.webSocket.origins)`;
  }
  return message;
}

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}
