import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';

/** The name of an event that the service sends over WebSocket, held against the vendor's own list. */
export type ServerEventType = RealtimeServerEvent['type'];

/**
 * An event on its way to the client; `event_id` is added where it leaves. The members are not typed by the vendor's
 * interfaces, which leave out the nulls that the service really sends.
 */
export interface ServerEvent {
  readonly type: ServerEventType;
  readonly [member: string]: unknown;
}

/** Takes events for the client, in order. */
export type Send = (event: ServerEvent) => void;
