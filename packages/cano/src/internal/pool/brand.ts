/** The counters of a batch, as `Concurrent` gives them in its `status`. */
interface Counters {
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

/**
 * The statuses that `Concurrent` has made. They stand in a set, because a mark on the value itself would show in
 * `deepStrictEqual`, in logs and in serialised results.
 */
const statuses = new WeakSet<object>()

/** Marks a value as the status of a batch. */
export const brandStatus = <Status extends Counters>(status: Status): Status => {
  statuses.add(status)
  return status
}

/** Whether a value is the status of a batch, and not only looks like one. */
export const isBrandedStatus = (value: unknown): value is Counters =>
  typeof value === "object" && value !== null && statuses.has(value)
