import { FRAME_SLOTS } from '../wheel/pacing-wheel.js';

/** Packets of one phase kept at once, at most: four streams' worth of a flood, or 1024 streams of one phase. */
const KEPT = 1024;

/** Where packets are received into; how many that are kept lie in it. */
export interface Area {
  readonly bytes: Uint8Array;
  kept: number;
}

/** Hears of a packet that was kept. */
export type KeptHandler = (socket: number, area: Area, start: number, length: number, atMs: number) => void;

/**
 * Packets that wait for a slot of their phase, in order of arrival. They stay where they were received: only where is noted.
 * A socket has one phase, so its packets stay in order.
 */
export class KeptPackets {
  readonly #areas: readonly Area[];
  readonly #lists = Array.from({ length: FRAME_SLOTS }, () => new PhaseList());
  readonly #handler: KeptHandler;
  #turn = 0;

  /** @param areas how many; a look fills one of them, and every packet waits {@link FRAME_SLOTS} looks at most */
  constructor(areas: number, areaBytes: number, handler: KeptHandler) {
    const memory = new Uint8Array(areas * areaBytes);
    this.#areas = Array.from({ length: areas }, (_, index) => ({
      bytes: memory.subarray(index * areaBytes, (index + 1) * areaBytes),
      kept: 0,
    }));
    this.#handler = handler;
  }

  /** Where nothing that is kept lies. When there is no such place any more, everything is handed over: it is a flood. */
  freeArea(): Area {
    let area = this.#areas[this.#turn] as Area;
    if (area.kept === 0) return area;
    this.#turn = (this.#turn + 1) % this.#areas.length;
    area = this.#areas[this.#turn] as Area;
    if (area.kept > 0) this.handOverAll();
    return area;
  }

  keep(phase: number, socket: number, area: Area, start: number, length: number, atMs: number): void {
    const list = this.#lists[phase] as PhaseList;
    if (list.count === KEPT) this.handOver(phase);
    list.add(socket, area, start, length, atMs);
  }

  /** Hands over what is kept for a phase. */
  handOver(phase: number): void {
    const list = this.#lists[phase] as PhaseList;
    const { numbers, areas, times } = list;
    // Whoever is handed a packet may close sockets, and make everything be handed over: each packet is, once.
    while (list.handed < list.count) {
      const index = list.handed;
      list.handed = index + 1;
      const at = index * 3;
      const area = areas[index] as Area;
      area.kept -= 1;
      const socket = numbers[at] as number;
      if (socket < 0) continue;
      this.#handler(socket, area, numbers[at + 1] as number, numbers[at + 2] as number, times[index] as number);
    }
    list.handed = 0;
    list.count = 0;
  }

  handOverAll(): void {
    for (let phase = 0; phase < FRAME_SLOTS; phase += 1) this.handOver(phase);
  }

  /** A socket is closed: another may get its number, and none of its packets. */
  forget(socket: number): void {
    for (const { numbers, count } of this.#lists) {
      for (let at = 0; at < count * 3; at += 3) if (numbers[at] === socket) numbers[at] = -1;
    }
  }
}

/** What is kept for one phase. */
class PhaseList {
  count = 0;
  /** Of these, handed over. */
  handed = 0;
  /** Of each packet: the number of its socket, where it begins and how long it is. */
  readonly numbers = new Int32Array(KEPT * 3);
  readonly areas: Area[] = [];
  readonly times = new Float64Array(KEPT);

  add(socket: number, area: Area, start: number, length: number, atMs: number): void {
    const index = this.count;
    const at = index * 3;
    this.numbers[at] = socket;
    this.numbers[at + 1] = start;
    this.numbers[at + 2] = length;
    this.areas[index] = area;
    this.times[index] = atMs;
    area.kept += 1;
    this.count = index + 1;
  }
}
