/** An address without its IPv6 zone (`%eth0`), which means nothing outside this machine. */
export function withoutZone(address: string): string {
  const percent = address.indexOf('%');
  return percent < 0 ? address : address.slice(0, percent);
}

/** `::ffff:192.0.2.1` as `192.0.2.1`; any other address as it is. */
export function unmapped(address: string): string {
  const match = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return match?.[1] ?? address;
}
