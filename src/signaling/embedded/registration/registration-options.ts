/** One extension to be: `signaling.embedded.register[]` of the configuration. */
export interface RegistrationOptions {
  /** `sip:HOST`, without user; its host is the domain of the extension. */
  readonly registrar: string;
  readonly user: string;
  readonly password: string;
  /** User for authentication, where it is another than the extension. */
  readonly authUser?: string;
  /** Where the requests go, if not to the registrar itself: a SIP URI. */
  readonly proxy?: string;
  readonly expiresSeconds: number;
}
