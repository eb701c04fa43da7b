/** The number the demo's caller dials. */
export const DEMO_NUMBER = '2000';

/**
 * The configuration the demo runs with, written beside its results for people to read: a connector on loopback with
 * ports of the kernel's choice, whose one number is the talking echo.
 */
export function demoConfig(directory: string): string {
  const quoted = (path: string): string => JSON.stringify(`${directory}/${path}`);
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
flavors:
  echo:
    use: echo
    mode: turns
    greeting: Hello! This is the voice connector. Say something, and I will say it back to you.
routes:
  - match: { to: "${DEMO_NUMBER}" }
    flavor: echo
`;
}
