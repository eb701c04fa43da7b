import { builtInTools } from '../notation/tool-names.js';
import type { ConfigPath } from '../reading/config-path.js';
import type { ParsedConfig } from '../schema.js';
import { type BrokenRule, type FileNames, repeated, unknownName } from './broken-rule.js';
import type { ParsedRoute } from './sayings.js';

const TARGET = { singular: 'target', plural: 'targets', section: 'transfer.targets' } as const;

/** What a route says of the conversation: times that fit each other, names that exist. */
export function checkConversation(
  route: ParsedRoute,
  path: ConfigPath,
  config: ParsedConfig,
  names: FileNames,
): BrokenRule[] {
  if (route.flavor === undefined) return [];
  return [
    ...checkTimes(route, path, config),
    ...checkFailure(route, [...path, 'onFailure'], names),
    ...checkRouteTools(route, path, names),
  ];
}

function checkTimes(
  { duration, interruption, onFailure, silence }: ParsedRoute,
  path: ConfigPath,
  { limits }: ParsedConfig,
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (interruption.minSpeechMs > interruption.rejectAfterMs) {
    broken.push({
      path: [...path, 'interruption', 'minSpeechMs'],
      message: `no speech could interrupt: after rejectAfterMs, ${interruption.rejectAfterMs} ms, it is too late`,
      help: 'raise rejectAfterMs, or lower minSpeechMs; enabled: false turns interruptions off',
    });
  }
  const [silenceKey, silenceSeconds] = limitOf('silence', silence.endSeconds, limits.silenceSeconds);
  // To somebody who has not been heard yet, or to somebody who has: whichever takes longer.
  const firstSeconds = Math.max(silence.firstSeconds ?? 0, silence.repromptSeconds);
  const repromptsEnd = firstSeconds + silence.repromptSeconds * (silence.reprompts.length - 1);
  if (silence.reprompts.length > 0 && repromptsEnd >= silenceSeconds) {
    broken.push({
      severity: 'warning',
      path: [...path, 'silence', 'reprompts'],
      message: `${silenceKey} ends the call after ${silenceSeconds} s, before the last of these is said`,
      help: `raise ${silenceKey} above ${repromptsEnd}, or lower ${firstSeconds > silence.repromptSeconds ? 'firstSeconds' : 'repromptSeconds'}`,
    });
  }
  const [durationKey, callSeconds] = limitOf('duration', duration.endSeconds, limits.callSeconds);
  if (duration.warning !== undefined && duration.warningSeconds >= callSeconds) {
    broken.push({
      path: [...path, 'duration', 'warningSeconds'],
      message: `the longest call, ${durationKey}, has only ${callSeconds} s`,
      help: `lower warningSeconds, or raise ${durationKey}`,
    });
  }
  if (onFailure.waitingAfterMs >= onFailure.replyTimeoutMs) {
    broken.push({
      severity: 'warning',
      path: [...path, 'onFailure', 'waitingAfterMs'],
      message: `nobody waits that long: after ${onFailure.replyTimeoutMs} ms, replyTimeoutMs, the agent counts as failed`,
      help: 'lower waitingAfterMs',
    });
  }
  return broken;
}

/** Which key ends a call, and after how long, s: the route's own, or that of all calls. */
function limitOf(
  section: 'silence' | 'duration',
  own: number | undefined,
  common: number,
): readonly [key: string, seconds: number] {
  const commonKey = section === 'silence' ? 'limits.silenceSeconds' : 'limits.callSeconds';
  return own === undefined ? [commonKey, common] : [`${section}.endSeconds`, own];
}

function checkFailure({ flavor, onFailure }: ParsedRoute, path: ConfigPath, names: FileNames): BrokenRule[] {
  const broken = repeated([...path, 'flavors'], onFailure.flavors);
  for (const [index, name] of onFailure.flavors.entries()) {
    const place = [...path, 'flavors', index];
    if (name === flavor) {
      broken.push({
        path: place,
        message: 'this is the flavor that has failed',
        help: 'name another one; retries says how often this one is tried again',
      });
    } else if (!names.flavors.includes(name)) {
      const kind = { singular: 'flavor', plural: 'flavors', section: 'flavors' };
      broken.push(unknownName(place, name, names.flavors, kind));
    }
  }
  if (onFailure.transfer !== undefined && !names.targets.includes(onFailure.transfer)) {
    broken.push(unknownName([...path, 'transfer'], onFailure.transfer, names.targets, TARGET));
  }
  return broken;
}

function checkRouteTools({ tools, transfer }: ParsedRoute, path: ConfigPath, names: FileNames): BrokenRule[] {
  const broken = [...repeated([...path, 'tools'], tools), ...repeated([...path, 'transfer'], transfer)];
  const known = [...builtInTools, ...names.tools];
  for (const [index, name] of tools.entries()) {
    if (known.includes(name)) continue;
    broken.push(
      unknownName([...path, 'tools', index], name, known, { singular: 'tool', plural: 'tools', section: 'tools' }),
    );
  }
  for (const [index, name] of transfer.entries()) {
    if (names.targets.includes(name)) continue;
    broken.push(unknownName([...path, 'transfer', index], name, names.targets, TARGET));
  }
  const offered = tools.indexOf('transfer');
  if (offered >= 0 && transfer.length === 0) {
    broken.push({
      path: [...path, 'tools', offered],
      message: 'the agent may transfer calls, but to nobody',
      help: 'list names of transfer.targets in the transfer of this route, or remove the tool',
    });
  }
  if (offered < 0 && transfer.length > 0) {
    broken.push({
      severity: 'warning',
      path: [...path, 'transfer'],
      atKey: true,
      message: 'the agent of this route has no tool to transfer calls with',
      help: `write tools: [${[...tools, 'transfer'].join(', ')}]`,
    });
  }
  return broken;
}
