import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Spread, spreadOf } from '../lib/statistics.js';

/** Calls placed at a rate, and how long those that are accepted last. */
export interface FloodOptions {
  /** Where the connector takes calls, UDP on 127.0.0.1. */
  readonly port: number;
  readonly number: string;
  readonly perSecond: number;
  readonly calls: number;
  /** From the 200 to the BYE. */
  readonly holdMs: number;
}

/** What came of them. */
export interface FloodReport {
  readonly calls: number;
  readonly accepted: number;
  readonly refused: number;
  /** 503 without Retry-After. */
  readonly withoutRetryAfter: number;
  /** Other final responses, by status. */
  readonly others: Readonly<Record<string, number>>;
  readonly unanswered: number;
  /** BYE without a 200. */
  readonly unendable: number;
  readonly retransmissions: number;
  /** Most calls up at once, as seen from here. */
  readonly mostAtOnce: number;
  /** From the first INVITE to the final response, ms. */
  readonly answerMs: Spread;
  readonly tookMs: number;
}

interface FloodCall {
  readonly id: string;
  readonly invite: string;
  /** When the request was first sent that now waits for its answer. */
  startMs: number;
  attempts: number;
  state: 'inviting' | 'up' | 'ending' | 'over';
  to: string;
  contact: string;
  bye: string;
  byeAttempts: number;
}

/** RFC 3261 timer T1, and the attempts before timer B or F. */
const T1_MS = 500;
const ATTEMPTS = 7;
/** After the last call, for what is still on its way. */
const PATIENCE_MS = 34_000;
const TICK_MS = 5;
/** After a pause of this process its backlog is placed at no more than twice the rate: one burst is another test. */
const CATCH_UP = 2;

/**
 * Places calls at an even rate, by hand: nothing but INVITE, ACK and BYE with their retransmissions, so that one process can
 * place a thousand a second and still tell the time. RTP goes to a socket that is never read.
 */
export class Flood {
  readonly #options: FloodOptions;
  readonly #calls = new Map<string, FloodCall>();
  readonly #answerMs: number[] = [];
  readonly #others: Record<string, number> = {};
  readonly #run = process.hrtime.bigint().toString(36);
  #accepted = 0;
  #refused = 0;
  #withoutRetryAfter = 0;
  #retransmissions = 0;
  #unendable = 0;
  #up = 0;
  #mostAtOnce = 0;
  #placed = 0;
  #open = 0;

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  async run(): Promise<FloodReport> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
    const sink = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    sink.bind(0, '127.0.0.1');
    await Promise.all([once(socket, 'listening'), once(sink, 'listening')]);
    socket.on('message', (bytes) => this.#take(socket, bytes.toString('latin1')));
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const nowMs = performance.now();
        this.#place(socket, sink.address().port, nowMs - startMs);
        this.#repeat(socket, nowMs);
        const over = this.#placed === this.#options.calls && this.#open === 0;
        const lateMs = nowMs - startMs - (this.#options.calls / this.#options.perSecond) * 1000 - this.#options.holdMs;
        if (!over && lateMs < PATIENCE_MS) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });
    const tookMs = performance.now() - startMs;
    socket.close();
    sink.close();
    return {
      calls: this.#placed,
      accepted: this.#accepted,
      refused: this.#refused,
      withoutRetryAfter: this.#withoutRetryAfter,
      others: this.#others,
      unanswered: [...this.#calls.values()].filter(({ state }) => state === 'inviting').length,
      unendable: this.#unendable + [...this.#calls.values()].filter(({ state }) => state === 'ending').length,
      retransmissions: this.#retransmissions,
      mostAtOnce: this.#mostAtOnce,
      answerMs: spreadOf(this.#answerMs),
      tookMs,
    };
  }

  #place(socket: Socket, mediaPort: number, elapsedMs: number): void {
    const { calls, number, perSecond, port } = this.#options;
    const most = this.#placed + Math.ceil((CATCH_UP * perSecond * TICK_MS) / 1000);
    const due = Math.min(calls, Math.floor((elapsedMs * perSecond) / 1000) + 1, most);
    for (; this.#placed < due; this.#placed += 1) {
      const id = `${this.#run}-${this.#placed}`;
      const body = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${mediaPort} RTP/AVP 0\r\n`;
      const invite = [
        `INVITE sip:${number}@127.0.0.1:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK${id};rport`,
        'Max-Forwards: 70',
        `From: <sip:flood@127.0.0.1>;tag=${id}`,
        `To: <sip:${number}@127.0.0.1:${port}>`,
        `Call-ID: ${id}`,
        'CSeq: 1 INVITE',
        `Contact: <sip:flood@127.0.0.1:${socket.address().port}>`,
        'Content-Type: application/sdp',
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n');
      const startMs = performance.now();
      this.#calls.set(id, {
        ...{ id, invite, startMs, attempts: 1, state: 'inviting', to: '', contact: '', bye: '', byeAttempts: 0 },
      });
      this.#open += 1;
      this.#send(socket, invite);
    }
  }

  /** Timers A and E. */
  #repeat(socket: Socket, nowMs: number): void {
    for (const call of this.#calls.values()) {
      const attempts = call.state === 'ending' ? call.byeAttempts : call.attempts;
      if (call.state !== 'inviting' && call.state !== 'ending') continue;
      if (attempts === 0 || attempts >= ATTEMPTS) continue;
      if (nowMs - call.startMs < T1_MS * (2 ** attempts - 1)) continue;
      this.#retransmissions += 1;
      if (call.state === 'inviting') call.attempts += 1;
      else call.byeAttempts += 1;
      this.#send(socket, call.state === 'inviting' ? call.invite : call.bye);
    }
  }

  #take(socket: Socket, text: string): void {
    const status = Number(text.slice(8, 11));
    const id = /^Call-ID: *(\S+)\r$/im.exec(text)?.[1] ?? '';
    const call = this.#calls.get(id);
    if (!call || !text.startsWith('SIP/2.0 ')) return;
    const method = /^CSeq: *\d+ +(\S+)\r$/im.exec(text)?.[1];
    if (method === 'BYE') {
      if (call.state === 'ending') this.#close(call);
      return;
    }
    if (status < 200) {
      // Proceeding: no more INVITEs (RFC 3261 section 17.1.1.2).
      if (call.state === 'inviting') call.attempts = ATTEMPTS;
      return;
    }
    call.to = /^To: *(.+)\r$/im.exec(text)?.[1] ?? '';
    call.contact = /^Contact: *<([^>]+)>/im.exec(text)?.[1] ?? '';
    this.#send(socket, this.#acknowledgement(socket, call, status));
    if (call.state !== 'inviting') return;
    this.#answerMs.push(performance.now() - call.startMs);
    if (status === 200) {
      this.#accept(socket, call);
      return;
    }
    if (status === 503) {
      this.#refused += 1;
      if (!/^Retry-After: *\d+/im.test(text)) this.#withoutRetryAfter += 1;
    } else this.#others[status] = (this.#others[status] ?? 0) + 1;
    this.#close(call);
  }

  #accept(socket: Socket, call: FloodCall): void {
    call.state = 'up';
    this.#accepted += 1;
    this.#up += 1;
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#up);
    setTimeout(() => {
      call.state = 'ending';
      call.bye = this.#inDialog(socket, call, 'BYE', `z9hG4bKb${call.id}`, 2);
      call.byeAttempts = 1;
      call.startMs = performance.now();
      this.#up -= 1;
      this.#send(socket, call.bye);
    }, this.#options.holdMs);
  }

  #close(call: FloodCall): void {
    call.state = 'over';
    this.#calls.delete(call.id);
    this.#open -= 1;
  }

  /** To a 200 in a transaction of its own, to an error in that of the INVITE. */
  #acknowledgement(socket: Socket, call: FloodCall, status: number): string {
    return this.#inDialog(socket, call, 'ACK', status === 200 ? `z9hG4bKa${call.id}` : `z9hG4bK${call.id}`, 1);
  }

  #inDialog(socket: Socket, call: FloodCall, method: string, branch: string, cseq: number): string {
    const { number, port } = this.#options;
    return [
      `${method} ${call.contact === '' ? `sip:${number}@127.0.0.1:${port}` : call.contact} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=${branch};rport`,
      'Max-Forwards: 70',
      `From: <sip:flood@127.0.0.1>;tag=${call.id}`,
      `To: ${call.to}`,
      `Call-ID: ${call.id}`,
      `CSeq: ${cseq} ${method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  }

  #send(socket: Socket, text: string): void {
    socket.send(text, this.#options.port, '127.0.0.1');
  }
}
