/** The two tones of a telephone's key: of its row and of its column (ITU-T Q.23), Hz. */
export const ROWS_HZ = [697, 770, 852, 941] as const;
export const COLUMNS_HZ = [1209, 1336, 1477, 1633] as const;
