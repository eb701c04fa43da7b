import type { CostConfig } from './cost-config.js';
import type { LimitsConfig } from './limits-config.js';
import type { MediaConfig, SrtpConfig } from './media-config.js';
import type { Cue, Saying } from './saying.js';
import type { SoundsConfig } from './sounds-config.js';

export type { CostConfig, PriceConfig } from './cost-config.js';
export type { LimitsConfig } from './limits-config.js';
export type { MediaConfig, SrtpConfig } from './media-config.js';
export type { Cue, Saying } from './saying.js';
export type { SoundConfig, SoundsConfig } from './sounds-config.js';

/**
 * A configuration as the connector uses it: validated, defaults filled in, secrets resolved. `schema.ts` turns a YAML
 * file into this. Every key is documented in `docs/` and in `sip-config/connector.schema.json`.
 */
export interface Config {
  readonly signaling: SignalingConfig;
  readonly media: MediaConfig;
  readonly limits: LimitsConfig;
  readonly cost: CostConfig;
  /** Ways out, by name. */
  readonly trunks: Readonly<Record<string, TrunkConfig>>;
  readonly outbound: OutboundConfig;
  readonly admin: AdminConfig;
  readonly cdr: { readonly path: string; readonly include: readonly CdrInclude[] };
  readonly recording: RecordingConfig;
  /** By the name routes use. */
  readonly flavors: Readonly<Record<string, FlavorConfig>>;
  readonly routes: readonly RouteConfig[];
  /** Where calls may be transferred to, by the name agents use: `sip:`, `sips:` and `tel:` URIs. */
  readonly transfer: { readonly targets: Readonly<Record<string, TransferTargetConfig>> };
  /** Tools besides the built-in ones, by the name routes use. */
  readonly tools: Readonly<Record<string, ToolConfig>>;
  /** The connector's own voice, for what it says itself. */
  readonly voice: { readonly name: FliteVoiceName };
  /** When a provider that fails is left alone for a while. */
  readonly breaker: { readonly failures: number; readonly openSeconds: number };
  /** Requests the connector makes itself. `allow`: CIDR blocks of private addresses they may reach. */
  readonly http: { readonly allow: readonly string[] };
  /** Absolute path of the file, for error messages and for resolving flavors and relative paths. */
  readonly file: string;
}

export interface RecordingConfig {
  readonly mode: 'off' | 'stereo';
  /** `wav`: 16-bit PCM. `ogg`: Opus in Ogg. */
  readonly format: 'wav' | 'ogg';
  readonly path: string;
  /** Said first to whoever is recorded. */
  readonly announce?: Saying;
}

export type CdrInclude = 'transcript' | 'heardText' | 'dtmf';

export interface SignalingConfig {
  readonly driver: 'embedded' | 'drachtio' | 'opensips';
  readonly embedded: {
    readonly listen: readonly {
      readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
      readonly host: string;
      readonly port: number;
    }[];
    readonly advertise: string | undefined;
    /** CIDR blocks, parsed by the driver. */
    readonly allow: readonly string[];
    /** PEM files, absolute, for the `tls:` and `wss:` addresses. */
    readonly tls: TlsConfig | undefined;
    /** Pages whose browsers may connect to `ws:` and `wss:`. */
    readonly webSocket: { readonly origins: readonly string[] };
    /** Gap between keep-alives of ours; 0 for none. */
    readonly keepAliveSeconds: number;
    readonly auth: AuthConfig | undefined;
    readonly register: readonly RegisterConfig[];
    readonly sessionTimers: SessionTimersConfig;
    /** Where SIP messages are copied to, by HEP over UDP. */
    readonly hep?:
      | {
          readonly to: { readonly address: string; readonly port: number };
          readonly id: number;
          readonly password?: string | undefined;
        }
      | undefined;
  };
  /** Empty where the file names none. */
  readonly drachtio: readonly DrachtioConfig[];
  readonly opensips: OpensipsConfig;
}

/** Session timers (RFC 4028). */
export interface SessionTimersConfig {
  /** Not `off` with drachtio. */
  readonly mode: 'accept' | 'request' | 'off';
  readonly expiresSeconds: number;
  readonly minSeconds: number;
  readonly refresher: 'us' | 'peer';
}

/** A drachtio server that we connect to (`host`), or where servers connect to us (`listen`): exactly one of the two. */
export interface DrachtioConfig {
  readonly host?: string | undefined;
  readonly port: number;
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** CIDR blocks of the servers that may connect to `listen`. */
  readonly from: readonly string[];
  readonly secret: string;
  /** Absolute paths of PEM files. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly serverName?: string | undefined;
      }
    | undefined;
  readonly sessionTimers: SessionTimersConfig;
  /** CIDR blocks of SIP peers. */
  readonly allow: readonly string[];
}

export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
  /** Authorities to trust in place of the system's. */
  readonly ca?: string | undefined;
  /** Servers we connect to must prove who they are. */
  readonly verifyPeer: boolean;
  /** Peers that connect must show a certificate of one of `ca`. */
  readonly requireClientCertificate: boolean;
}

/** Peers say who they are (digest). */
export interface AuthConfig {
  readonly realm: string;
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>;
  /** CIDR blocks of peers that are not asked. */
  readonly except: readonly string[];
}

/** An extension of a PBX to be. */
export interface RegisterConfig {
  /** `sip:HOST`, without user. */
  readonly registrar: string;
  readonly user: string;
  readonly password: string;
  readonly authUser?: string;
  /** Where REGISTER goes, if not to the registrar. */
  readonly proxy?: string;
  readonly expiresSeconds: number;
  /** `/readyz` answers 503 while the registration does not stand. */
  readonly required: boolean;
}

/** Where OpenSIPS is, whose UA sessions are our calls. */
export interface OpensipsConfig {
  readonly mi:
    | { readonly protocol: 'udp'; readonly host: string; readonly port: number }
    | { readonly protocol: 'http'; readonly url: string }
    | { readonly protocol: 'fifo'; readonly path: string };
  /** Directory in which OpenSIPS finds FIFOs for its answers, with a slash at the end as it has it itself. */
  readonly replyDirectory: string;
  readonly events: { readonly host: string; readonly port: number };
  /** CIDR blocks, parsed by the driver; absent: the host of `mi`, or this one. */
  readonly allow: readonly string[] | undefined;
  readonly domain: string | undefined;
}

/** Where outbound calls go. */
export interface TrunkConfig {
  /** `sip:` and `sips:` URIs without user, tried in this order; with `lr`: a proxy. */
  readonly targets: readonly string[];
  /** Host of request-URIs, with a port or without; absent: that of the target. */
  readonly domain?: string;
  readonly fromDomain?: string;
  /** Both or neither. */
  readonly user?: string;
  readonly password?: string;
  readonly failOverSeconds: number;
  /** Absent: as `media.srtp` says. */
  readonly srtp?: SrtpConfig;
  /** CIDR blocks its media is at; absent: as `media.latching.from` says. */
  readonly mediaFrom?: readonly string[];
}

/** What `POST /calls` may do. */
export interface OutboundConfig {
  /** Prefixes of normalised numbers; none: no outbound calls. */
  readonly allow: readonly string[];
  /** A name of `trunks`; there where `allow` has any. */
  readonly trunk?: string;
  readonly from?: string;
  readonly callsPerMinute: number;
  readonly calls: number;
  readonly ringSeconds: number;
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
  /** In place of those in the flavor's own options; a template. */
  readonly instructions?: string;
  /** An empty text: nothing. */
  readonly greeting?: Saying;
  /** IANA name of the zone in which `{{date}}`, `{{time}}`, `{{weekday}}` and `{{datetime}}` are told. */
  readonly timeZone: string;
  readonly answer: AnswerConfig;
  /** SIP header fields of our BYE or refusal; values are templates. */
  readonly hangup: { readonly headers: Readonly<Record<string, string>> };
  readonly interruption: InterruptionConfig;
  readonly silence: SilenceConfig;
  readonly duration: DurationConfig;
  readonly onFailure: FailureConfig;
  readonly sounds: SoundsConfig;
  /** Names of built-in tools and of entries of `Config.tools`. */
  readonly tools: readonly string[];
  /** Names of `transfer.targets` the agent may choose from. */
  readonly transfer: readonly string[];
  readonly settings?: SettingsConfig;
  /** SIP headers shown to the flavor, lower case. */
  readonly headers: readonly string[];
  /** Never in a file. */
  readonly own?: OwnOptions;
}

/** What the words of the Python connector (`extra_params`, `settings` of format `avc`) say of one call alone. */
export interface OwnOptions {
  /** Over the options of the flavor, where it is that one; sections one level deep are merged. */
  readonly flavor: Readonly<Record<string, unknown>>;
  /** One more target of a transfer: a URI. */
  readonly transferTo?: string;
}

/** How a call is answered. */
export interface AnswerConfig {
  readonly delayMs: number;
  readonly earlyMedia: boolean;
  /** SIP header fields of the 200; values are templates. */
  readonly headers: Readonly<Record<string, string>>;
}

/** When a caller who speaks interrupts the agent. */
export interface InterruptionConfig {
  readonly enabled: boolean;
  readonly minSpeechMs: number;
  readonly minWords: number;
  /** What is not confirmed by then was no interruption. */
  readonly rejectAfterMs: number;
  /** What listeners say to show that they listen, as the operator wrote it. */
  readonly backchannels: readonly string[];
  /** Whether the greeting may be interrupted. */
  readonly greeting: boolean;
  /** For so long after the agent starts to speak, what is heard counts as its echo. */
  readonly echoGuardMs: number;
}

/** What is said to a caller who says nothing. */
export interface SilenceConfig {
  readonly repromptSeconds: number;
  /** Before the first question to somebody who has not spoken yet; default `repromptSeconds`. */
  readonly firstSeconds?: number;
  /** Ends the call; default `limits.silenceSeconds`. */
  readonly endSeconds?: number;
  readonly reprompts: readonly Cue[];
  readonly goodbye?: Cue;
}

/** How long a call may last, and what is said before its end. */
export interface DurationConfig {
  /** Default `limits.callSeconds`. */
  readonly endSeconds?: number;
  readonly warningSeconds: number;
  readonly warning?: Cue;
}

/** What becomes of a call whose flavor fails. */
export interface FailureConfig {
  readonly retries: number;
  /** Names of the flavors tried next, in this order; never the route's own. */
  readonly flavors: readonly string[];
  readonly waiting: Saying;
  readonly waitingAfterMs: number;
  readonly replyTimeoutMs: number;
  readonly apology: Saying;
  /** A name of `transfer.targets`. */
  readonly transfer?: string;
}

/** Where a call may be sent. */
export interface TransferTargetConfig {
  /** `sip:`, `sips:` or `tel:`. */
  readonly uri: string;
  /** For the model. */
  readonly description?: string;
  /** SIP header fields of the REFER, and of the INVITE to the target; values are templates. */
  readonly headers: Readonly<Record<string, string>>;
  readonly mode: 'blind' | 'attended' | 'bridge';
  /** How long the target is rung; not for `blind`. */
  readonly ringSeconds: number;
  /** A name of `trunks`, by which the target is called; not for `blind`. */
  readonly trunk?: string;
  /** Said to the target before the caller gets there; not for `blind`. */
  readonly announce?: Saying;
}

/** Where the settings of each call are fetched. */
export interface SettingsConfig {
  /** `http:` or `https:`, a template from its path on. */
  readonly url: string;
  /** `avc`: in the words of the OpenSIPS AI Voice Connector. */
  readonly format: 'native' | 'avc';
  /** Sent as bearer token. */
  readonly token?: string;
  readonly timeoutMs: number;
  readonly cacheSeconds: number;
  /** Without an answer: `true` refuses the call, `false` takes it as the file says. */
  readonly required: boolean;
}

export type ToolConfig = WebhookToolConfig | McpToolConfig | ModuleToolConfig;

/** What all tools besides the built-in ones have. */
interface SlowToolConfig {
  readonly timeoutMs: number;
  /** Said while the caller waits; `false` for nothing. */
  readonly filler: Saying | false;
  readonly fillerAfterMs: number;
}

/** A tool that is an HTTP request. */
export interface WebhookToolConfig extends SlowToolConfig {
  readonly type: 'webhook';
  readonly description: string;
  /** JSON Schema of the arguments, draft 7, `type: object`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** A template. Absent: the arguments and the call as JSON. */
  readonly body?: string;
  /** Key of the signature (HMAC). */
  readonly secret?: string;
  /** Whether an interruption by the caller may cancel it. */
  readonly cancellable: boolean;
  /** Longest answer that is read. */
  readonly maxBytes: number;
  /** JSON pointer (RFC 6901) to the part of the answer that the model gets; `''` is the whole. */
  readonly result: string;
}

/** The tools of an MCP server; exactly one of `command` and `url`. */
export interface McpToolConfig extends SlowToolConfig {
  readonly type: 'mcp';
  readonly command?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the server's tools that are offered; absent: all. */
  readonly allow?: readonly string[];
}

/** A tool in a module of the operator's. */
export interface ModuleToolConfig extends SlowToolConfig {
  readonly type: 'module';
  /** Absolute. */
  readonly path: string;
}

/** A voice of `cascade/flite`, which a test holds against this list. */
export const fliteVoiceNames = ['kal', 'awb_time', 'kal16', 'awb', 'rms', 'slt'] as const;

export type FliteVoiceName = (typeof fliteVoiceNames)[number];

/** All conditions present must hold; patterns are anchored regular expressions. */
export interface RouteMatch {
  readonly any?: true;
  readonly to?: string;
  readonly from?: string;
  readonly toHeader?: string;
  /** By header name. */
  readonly header?: Readonly<Record<string, string>>;
}
