/** What the service wants to know of its client, sent once on each connection. */
export function speechConfig(audio?: object): object {
  return {
    context: {
      system: { name: 'sip-voice-connector', version: '1', build: 'Node.js', lang: 'JavaScript' },
      os: { platform: 'Node.js', name: 'sip-voice-connector', version: '1' },
      ...(audio !== undefined && { audio }),
    },
  };
}
