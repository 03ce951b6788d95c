/**
 * Vector clocks: how many changes of each peer a state has seen. The server keeps and merges them; this compares the ones
 * that it shows, in `_vector` of a document and in the sync state of a collection.
 */

/** The number of changes of each peer, by its id. A peer that is missing counts as 0. */
export type VectorClock = Record<string, number>;

/** How two clocks stand to one another. */
export type ClockOrder = "before" | "after" | "concurrent" | "equal";

function count(clock: VectorClock, peer: string): number {
  return Object.hasOwn(clock, peer) ? (clock[peer] ?? 0) : 0;
}

function peersOf(left: VectorClock, right: VectorClock): Set<string> {
  return new Set([...Object.keys(left), ...Object.keys(right)]);
}

/** Functions on vector clocks. None changes its arguments. */
export class VectorClockManager {
  /** An empty clock. */
  static create(): VectorClock {
    return {};
  }

  /** A copy. */
  static clone(clock: VectorClock): VectorClock {
    return { ...clock };
  }

  /** The clock after one more change of a peer. */
  static increment(clock: VectorClock, peerId: string): VectorClock {
    return { ...clock, [peerId]: count(clock, peerId) + 1 };
  }

  /** The greater count of each peer. */
  static merge(left: VectorClock, right: VectorClock): VectorClock {
    const merged = [...peersOf(left, right)].map((peer) => [peer, Math.max(count(left, peer), count(right, peer))] as const);
    return Object.fromEntries(merged);
  }

  /** Whether the first clock is before or after the second, equal to it, or neither. */
  static compare(left: VectorClock, right: VectorClock): ClockOrder {
    const peers = [...peersOf(left, right)];
    const greater = peers.some((peer) => count(left, peer) > count(right, peer));
    const less = peers.some((peer) => count(left, peer) < count(right, peer));
    if (greater && less) return "concurrent";
    if (greater) return "after";
    return less ? "before" : "equal";
  }

  /** Whether the second has seen all that the first has. */
  static happensBefore(left: VectorClock, right: VectorClock): boolean {
    return ["before", "equal"].includes(this.compare(left, right));
  }
}
