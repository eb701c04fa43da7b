/** A compiled module. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** As much of the WebAssembly interface as is used here. */
interface WasmInterface {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  /** Compiles at once: for what is small. */
  readonly Module: new (
    bytes: Uint8Array,
  ) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports?: Readonly<Record<string, Readonly<Record<string, () => number>>>>,
  ) => { readonly exports: unknown };
}

// Every Node has it; the types of Node leave it to those of browsers.
export const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WasmInterface };
