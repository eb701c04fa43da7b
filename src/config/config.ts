/**
 * A configuration as the connector uses it: validated, defaults filled in, secrets resolved. `schema.ts` turns a YAML
 * file into this. Every key is documented in `docs/` and in `sip-config/connector.schema.json`.
 */
export interface Config {
  readonly signaling: SignalingConfig;
  readonly media: MediaConfig;
  readonly limits: LimitsConfig;
  readonly admin: AdminConfig;
  readonly cdr: { readonly path: string; readonly include: readonly CdrInclude[] };
  readonly recording: { readonly mode: 'off' | 'stereo'; readonly path: string };
  /** By the name routes use. */
  readonly flavors: Readonly<Record<string, FlavorConfig>>;
  readonly routes: readonly RouteConfig[];
  /** Absolute path of the file, for error messages and for resolving flavors and relative paths. */
  readonly file: string;
}

export type CdrInclude = 'transcript' | 'heardText' | 'dtmf';

export interface SignalingConfig {
  readonly driver: 'embedded';
  readonly embedded: {
    readonly listen: readonly { readonly protocol: 'udp' | 'tcp'; readonly host: string; readonly port: number }[];
    readonly advertise: string | undefined;
    /** CIDR blocks, parsed by the driver. */
    readonly allow: readonly string[];
  };
}

export interface MediaConfig {
  readonly bind: string;
  readonly advertise: string | undefined;
  readonly ports: { readonly min: number; readonly max: number };
  readonly codecs: readonly ('pcmu' | 'pcma')[];
  readonly jitter: { readonly minMs: number; readonly maxMs: number };
  readonly latching: { readonly nat: boolean; readonly strict: boolean };
  readonly portRestSeconds: number;
}

export interface LimitsConfig {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly perSourcePerSecond: number;
  readonly callSeconds: number;
  readonly rtpTimeoutSeconds: number;
  readonly silenceSeconds: number;
}

export interface AdminConfig {
  readonly listen: { readonly host: string; readonly port: number };
  readonly token: string | undefined;
}

export interface FlavorConfig {
  /** Built-in name, npm package or path. */
  readonly use: string;
  /** Everything but `use`; validated by the flavor's own schema. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface RouteConfig {
  readonly match: RouteMatch;
  /** Exactly one of `flavor` and `reject`. */
  readonly flavor?: string;
  readonly reject?: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly greeting?: string;
  readonly answer: { readonly delayMs: number; readonly earlyMedia: boolean };
  /** SIP headers shown to the flavor, lower case. */
  readonly headers: readonly string[];
}

/** All conditions present must hold; patterns are anchored regular expressions. */
export interface RouteMatch {
  readonly any?: true;
  readonly to?: string;
  readonly from?: string;
  readonly toHeader?: string;
  /** By header name. */
  readonly header?: Readonly<Record<string, string>>;
}
