/** A WebSocket server that takes what comes and looks at none of it. */
export type SinkApi = {
  start(params: undefined): Promise<{ readonly url: string }>;
};
