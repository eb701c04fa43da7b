/** The number the demo's caller dials. */
export const DEMO_NUMBER = '2000';

/**
 * The configuration the demo runs with, written beside its results for people to read: a connector on loopback with
 * ports of the kernel's choice.
 *
 * @param agents flavors, tools and routes, in YAML
 */
export function demoConfig(directory: string, agents: string): string {
  // A directory may be called what would be a reference of the configuration.
  const literal = directory.replaceAll('${', () => '$${');
  const quoted = (path: string): string => JSON.stringify(`${literal}/${path}`);
  return `# The configuration that \`voice-connector demo\` ran with.
signaling:
  driver: embedded
  embedded:
    listen: [udp:127.0.0.1:0]
    allow: [127.0.0.0/8]
media:
  bind: 127.0.0.1
admin:
  listen: 127.0.0.1:0
  token: \${DEMO_ADMIN_TOKEN}
cdr:
  path: ${quoted('calls.jsonl')}
  include: [transcript, heardText, dtmf]   # personal data: off unless listed
recording:
  mode: stereo
  path: ${quoted('recordings')}
${agents}`;
}
