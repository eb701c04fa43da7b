/** An answer that refuses a request, and the header fields that say why. */
export interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}
