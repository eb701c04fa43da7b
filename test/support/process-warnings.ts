/** Names of the warnings of Node.js that come while `action` runs, and in the turn of the event loop after it. */
export async function warningsOf(action: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = [];
  const onWarning = ({ name }: Error): void => void names.push(name);
  process.on('warning', onWarning);
  try {
    await action();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', onWarning);
  }
  return names;
}
