/** A process with a model that answers nothing, or late, where it is told; else all that it was asked so far. */
/** @type {string[]} */
const asked = [];

process.on('message', (/** @type {any} */ message) => {
  if (message.id === undefined) {
    if (message.module !== 'mute') process.send?.({ ready: true, sampleRate: 16000 });
    return;
  }
  asked.push(message.text);
  const answer = () => process.send?.({ id: message.id, text: asked.join(' ') });
  if (message.text === 'late') setTimeout(answer, 30);
  else if (message.text !== 'never') answer();
});
