import type { LanguageModelRequest } from '../../../src/cascade/index.js';
import type { ProviderControl, ProviderRequest } from '../../../src/flavor-testkit/index.js';
import type { ScriptedLlm } from './scripted-llm.js';
import type { ScriptedStt } from './scripted-stt.js';
import type { ScriptedTts } from './scripted-tts.js';
import { dropped, malformed } from './stage-fault.js';

/** The scripted stages in the hands of the contract kit. */
export function providerControls(stt: ScriptedStt, llm: ScriptedLlm, tts: ScriptedTts): readonly ProviderControl[] {
  return [
    {
      name: 'stt',
      drop: () => {
        for (const stream of stt.listening) stream.end(dropped);
      },
      fail: (fault) => {
        stt.fault = fault;
      },
      recover: () => {
        stt.fault = undefined;
      },
      malformNext: () => {
        for (const stream of stt.listening) stream.emit({ type: 'warning', error: malformed });
      },
      connections: () => stt.listening.length,
      requests: () => [],
    },
    {
      name: 'llm',
      drop: () => llm.drop(dropped),
      fail: (fault) => {
        llm.fault = fault;
      },
      recover: () => {
        llm.fault = undefined;
      },
      malformNext: () => {
        llm.nextError = malformed;
      },
      connections: () => llm.running,
      requests: () => llm.requests.map(providerRequest),
    },
    {
      name: 'tts',
      drop: () => {
        for (const utterance of tts.utterances) utterance.end(dropped);
      },
      fail: (fault) => {
        tts.fault = fault;
      },
      recover: () => {
        tts.fault = undefined;
      },
      malformNext: () => {
        tts.malform = true;
      },
      connections: () => tts.sessions,
      requests: () => [],
    },
  ];
}

function providerRequest({ system, messages }: LanguageModelRequest): ProviderRequest {
  const lines = messages.map((message) => {
    if (message.role === 'tool') return message.results.map(({ output }) => output).join('\n');
    return message.text;
  });
  return { prompt: [system, ...lines].join('\n') };
}
