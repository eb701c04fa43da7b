import * as z from 'zod';
import { isHeaderValue } from '../../base/header-fields.js';
import { checked } from './notation.js';

/** Header fields one message may be given by the file. */
const MAX_FIELDS = 16;

/** SIP header fields by name; values are templates. Names are looked at by `rules/sip-headers.ts`, which can point at them. */
export const sipHeaders = () =>
  z
    .record(
      z.string(),
      checked((text) => {
        if (!isHeaderValue(text)) {
          return {
            ok: false,
            problem: 'a character that no header field may have',
            help: 'remove line feeds and the like',
          };
        }
        return text.length > 512
          ? { ok: false, problem: 'a value of more than 512 characters', help: 'shorten it' }
          : { ok: true, value: text };
      }),
    )
    .refine((headers) => Object.keys(headers).length <= MAX_FIELDS, `at most ${MAX_FIELDS} header fields`)
    .default({});
