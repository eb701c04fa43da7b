import { type Core, Inviter, type Session, SessionState, UserAgent, Web } from 'sip.js';

/** What a call is told about. */
export interface CallListener {
  onRinging(): void;
  onAnswered(heard: MediaStream): void;
  /** @param reason empty where somebody simply hung up */
  onEnded(reason: string): void;
}

/** One call at a time to a connector, by SIP over WebSocket, with the browser's own audio. */
export class BrowserPhone {
  readonly #userAgent: UserAgent;
  readonly #host: string;
  #session: Session | undefined;
  #closed = false;

  /** @param server `ws:` or `wss:` URL of the connector. @param onDisconnected the connection has gone */
  constructor(server: string, onDisconnected: () => void) {
    this.#host = new URL(server).hostname;
    const uri = UserAgent.makeURI(`sip:browser@${this.#host}`);
    if (uri === undefined) throw new Error(`${this.#host} is no host of a SIP URI`);
    this.#userAgent = new UserAgent({
      uri,
      displayName: 'Browser',
      logLevel: 'warn',
      transportOptions: { server },
      delegate: { onDisconnect: (error) => error && onDisconnected() },
      // No STUN server: the connector answers at its own address, and learns ours from where our checks come from.
      sessionDescriptionHandlerFactoryOptions: {
        iceGatheringTimeout: 500,
        peerConnectionConfiguration: { iceServers: [] },
      },
    });
  }

  /** Rejects where the connector cannot be reached, or the page may not speak with it. */
  connect(): Promise<void> {
    return this.#userAgent.start();
  }

  /** Asks for the microphone, then calls. Rejects where there is none, and then says nothing of an end. */
  async call(number: string, listener: CallListener): Promise<void> {
    const target = UserAgent.makeURI(`sip:${encodeURIComponent(number)}@${this.#host}`);
    if (target === undefined) throw new Error('this is no number');
    if (this.#closed) return;
    const session = new Inviter(this.#userAgent, target, {
      sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } },
      // A call that the connector would have us make elsewhere can only go to the connector again: it is not made.
      delegate: { onRefer: (referral) => void referral.reject() },
    });
    this.#session = session;
    let refusal = '';
    let failed = false;
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) listener.onAnswered(connectionOf(session).remoteMediaStream);
      if (state !== SessionState.Terminated) return;
      this.#session = undefined;
      // SIP.js says why after it has said that: the connector by a response, the browser by rejecting what follows.
      setTimeout(() => failed || listener.onEnded(refusal));
    });
    const requestDelegate = {
      onProgress: () => listener.onRinging(),
      onReject: ({ message }: Core.IncomingResponse) => {
        refusal = `${message.statusCode ?? ''} ${message.reasonPhrase ?? ''}`.trim();
      },
    };
    try {
      await session.invite({ requestDelegate });
    } catch (error) {
      failed = true;
      throw error;
    }
  }

  get microphone(): MediaStream | undefined {
    return this.#session && connectionOf(this.#session).localMediaStream;
  }

  mute(muted: boolean): void {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /** A key, by RFC 4733. */
  press(key: string): void {
    if (this.#session?.state === SessionState.Established) connectionOf(this.#session).sendDtmf(key);
  }

  async hangUp(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    if (session.state === SessionState.Established) await session.bye();
    else if (session instanceof Inviter) await session.cancel();
  }

  /** Hangs up, and leaves the connector: each phone has a connection of its own. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.hangUp().catch(() => {});
    await this.#userAgent.stop();
  }
}

function connectionOf(session: Session): Web.SessionDescriptionHandler {
  const handler = session.sessionDescriptionHandler;
  if (!(handler instanceof Web.SessionDescriptionHandler)) throw new Error('the call has no audio');
  return handler;
}
