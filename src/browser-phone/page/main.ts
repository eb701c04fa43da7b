import { BrowserPhone } from './browser-phone.js';
import { LevelMeter } from './level-meter.js';

const form = find('call', HTMLFormElement);
const server = find('server', HTMLInputElement);
const number = find('number', HTMLInputElement);
const button = find('button', HTMLButtonElement);
const mute = find('mute', HTMLButtonElement);
const status = find('status', HTMLElement);
const keys = find('keys', HTMLElement);
const speaker = find('speaker', HTMLAudioElement);

let phone: BrowserPhone | undefined;
let meters: readonly LevelMeter[] = [];
let answeredAt = 0;
let clock = 0;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void (phone === undefined ? call() : phone.hangUp());
});

mute.addEventListener('click', () => {
  const muted = mute.getAttribute('aria-pressed') !== 'true';
  mute.setAttribute('aria-pressed', String(muted));
  phone?.mute(muted);
});

for (const key of keys.querySelectorAll('button')) {
  key.addEventListener('click', () => phone?.press(key.textContent ?? ''));
}

document.addEventListener('keydown', ({ key, target }) => {
  if (!(target instanceof HTMLInputElement) && /^[0-9*#]$/.test(key)) phone?.press(key);
});

async function call(): Promise<void> {
  show('connecting', 'Connecting');
  try {
    phone = new BrowserPhone(server.value, () => end('the connection to the connector has gone'));
    await phone.connect();
    await phone.call(number.value, {
      onRinging: () => show('ringing', 'Ringing'),
      onAnswered: answer,
      onEnded: end,
    });
  } catch (error) {
    end(explain(error));
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
  clock = setInterval(showTime, 1000);
  showTime();
}

function end(reason: string): void {
  clearInterval(clock);
  for (const meter of meters) meter.stop();
  meters = [];
  phone = undefined;
  speaker.srcObject = null;
  mute.setAttribute('aria-pressed', 'false');
  show('idle', reason === '' ? 'The call is over' : `The call is over: ${reason}`);
}

function showTime(): void {
  const seconds = Math.floor((performance.now() - answeredAt) / 1000);
  show('talking', `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);
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
