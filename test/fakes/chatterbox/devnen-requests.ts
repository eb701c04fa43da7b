import { type JsonObject, textIn } from '../../../src/cascade/engines/shared/json.js';

export interface Refusal {
  readonly status: number;
  readonly detail: unknown;
}

export interface DevnenState {
  readonly voices: readonly string[];
  readonly references: readonly string[];
  /** It has a model. */
  readonly loaded: boolean;
}

const notLoaded: Refusal = { status: 503, detail: 'TTS engine model is not currently loaded or available.' };

/**
 * What `/tts` has against a request: pydantic's checks first, then whether there is a model, then the server's own.
 * Unknown fields are passed over.
 */
export function checkTts(body: JsonObject, { voices, references, loaded }: DevnenState): Refusal | undefined {
  const { voice_mode: mode = 'predefined', output_format: format = 'wav', chunk_size: chunk = 120 } = body;
  if (textIn(body, 'text') === '') return invalid('text', 'String should have at least 1 character');
  if (mode !== 'predefined' && mode !== 'clone')
    return invalid('voice_mode', "Input should be 'predefined' or 'clone'");
  if (!['wav', 'opus', 'mp3'].includes(String(format))) return invalid('output_format', "Input should be 'wav', ...");
  if (typeof chunk !== 'number' || !Number.isInteger(chunk) || chunk < 50 || chunk > 500) {
    return invalid('chunk_size', 'Input should be greater than or equal to 50');
  }
  for (const name of ['temperature', 'exaggeration', 'cfg_weight', 'speed_factor', 'seed']) {
    const value = body[name];
    if (value !== undefined && value !== null && typeof value !== 'number')
      return invalid(name, 'Input should be a number');
  }
  if (typeof body['seed'] === 'number' && !Number.isInteger(body['seed'])) {
    return invalid('seed', 'Input should be a valid integer, got a number with a fractional part');
  }
  for (const name of ['split_text', 'stream']) {
    const value = body[name];
    if (value !== undefined && value !== null && typeof value !== 'boolean')
      return invalid(name, 'Input should be a valid boolean');
  }
  if (!loaded) return notLoaded;
  const predefined = mode === 'predefined';
  const field = predefined ? 'predefined_voice_id' : 'reference_audio_filename';
  const file = textIn(body, field);
  if (file === '') return { status: 400, detail: `Missing '${field}' for '${String(mode)}' voice mode.` };
  if (file.includes('/') || file.includes('..')) return { status: 400, detail: 'Invalid predefined voice ID.' };
  if (!(predefined ? voices : references).includes(file)) {
    return { status: 404, detail: `${predefined ? 'Predefined voice' : 'Reference audio'} file '${file}' not found.` };
  }
  return undefined;
}

/** The same of `/v1/audio/speech`: no `pcm`, voices by the names of their files, and the model asked for after them. */
export function checkOpenAi(body: JsonObject, { voices, references, loaded }: DevnenState): Refusal | undefined {
  for (const name of ['model', 'input', 'voice']) {
    if (typeof body[name] !== 'string') return invalid(name, 'Field required');
  }
  const format = body['response_format'] ?? 'wav';
  if (!['wav', 'opus', 'mp3'].includes(String(format))) return invalid('response_format', "Input should be 'wav', ...");
  if (body['seed'] !== undefined && body['seed'] !== null && !Number.isInteger(body['seed'])) {
    return invalid('seed', 'Input should be a valid integer');
  }
  const voice = textIn(body, 'voice');
  if (![...voices, ...references].includes(voice)) return { status: 404, detail: `Voice file '${voice}' not found.` };
  if (!loaded) return notLoaded;
  if (textIn(body, 'input').trim() === '') {
    // Everything inside the handler's try becomes a 500, its own 400 included.
    return { status: 500, detail: '400: Text processing resulted in no usable chunks.' };
  }
  return undefined;
}

function invalid(field: string, message: string): Refusal {
  return { status: 422, detail: [{ type: 'value_error', loc: ['body', field], msg: message, input: null }] };
}
