import type { MediaEngine, MediaStream, StreamOptions } from './engine.js';
import { type RtpPlace, RtpPorts, type RtpPortsOptions } from './sockets/rtp-ports.js';
import type { RtpStream } from './stream/rtp-stream.js';
import { StreamHost, type StreamHostDeps, type StreamHostOptions } from './stream-host.js';

export interface MediaEngineOptions extends RtpPortsOptions, StreamHostOptions {}

/** The media engine that runs in the thread it is made in. */
export function createMediaEngine(options: MediaEngineOptions, deps: StreamHostDeps): MediaEngine {
  return new DgramEngine(options, deps);
}

class DgramEngine implements MediaEngine {
  readonly #ports: RtpPorts;
  readonly #host: StreamHost;
  readonly #streams = new Set<RtpStream>();
  readonly #closing = new Set<Promise<void>>();
  #disposed = false;

  constructor(options: MediaEngineOptions, deps: StreamHostDeps) {
    this.#ports = new RtpPorts(options, deps);
    this.#host = new StreamHost(options, deps);
  }

  open(options: StreamOptions): Promise<MediaStream> {
    return this.#ports.open(options.family, (place) => this.#openOn(place, options));
  }

  usage(): ReturnType<MediaEngine['usage']> {
    return this.#ports.usage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const stream of [...this.#streams]) stream.close();
    this.#host.close();
    await Promise.all(this.#closing);
  }

  async #openOn(place: RtpPlace, { listener, tap, nets }: StreamOptions): Promise<MediaStream> {
    const stream: RtpStream = await this.#host.open(place, {
      listener,
      tap,
      nets,
      isWanted: () => !this.#disposed,
      onClosed: (freed) => {
        this.#streams.delete(stream);
        this.#ports.release(place.port);
        this.#track(freed);
      },
    });
    this.#streams.add(stream);
    return stream;
  }

  #track(closing: Promise<void>): void {
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
