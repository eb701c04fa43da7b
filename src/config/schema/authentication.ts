import * as z from 'zod';
import { configDefaults } from '../defaults.js';
import { parseBlock } from '../notation/addresses.js';
import { checked, notation } from './notation.js';
import { parseTarget, parseUser } from './outbound.js';

const { register: defaults } = configDefaults;

/** Longest realm, user or password, characters. */
const MAX_LENGTH = 256;

const text = () =>
  z
    .string()
    .min(1)
    .max(MAX_LENGTH)
    .regex(/^[^\p{Cc}]+$/u, 'expected a text without control characters');

/** Peers say who they are. */
export const authSchema = z
  .strictObject({
    realm: text().describe('What peers are asked for credentials of; usually the domain.'),
    users: z
      .record(text(), text())
      .refine((users) => Object.keys(users).length > 0, 'at least one user is needed')
      .describe('Passwords by user.'),
    except: z
      .array(notation(parseBlock))
      .default([])
      .describe('Addresses and CIDR blocks of peers that are not asked: trunks, proxies.'),
  })
  .describe(
    'Digest authentication of callers: INVITEs of peers in allow are answered 401 until they say who they are.',
  );

/** Extensions to be. */
export const registerSchema = z
  .array(
    z
      .strictObject({
        registrar: checked(parseTarget).describe('The PBX: sip:HOST, sip:HOST:PORT;transport=tcp.'),
        user: checked(parseUser).describe('The extension.'),
        password: text().describe('Its password.'),
        authUser: text().exactOptional().describe('User for authentication, where it is another than the extension.'),
        proxy: checked(parseTarget)
          .exactOptional()
          .describe(
            'Where REGISTER is sent, if not to the registrar itself; sip:HOST;lr is named in a Route header field.',
          ),
        expiresSeconds: z
          .number()
          .int()
          .min(60)
          .max(86_400)
          .default(defaults.expiresSeconds)
          .describe('How long a registration is asked to hold; it is refreshed before.'),
        required: z
          .boolean()
          .default(defaults.required)
          .describe('Whether /readyz answers 503 while the PBX does not know us. It names the PBX in any case.'),
      })
      .describe('One extension.'),
  )
  .max(100)
  .default([])
  .describe('Extensions of PBXs to be: the PBX then sends their calls here. Its address need not be in allow.');
