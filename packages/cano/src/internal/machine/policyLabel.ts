/** The words for retry policies in diagrams. A schedule is opaque, so the presets of `Retry` leave their words here. */
const labels = new WeakMap<object, string>()

export const label = <A extends object>(schedule: A, text: string): A => {
  labels.set(schedule, text)
  return schedule
}

export const labelOf = (schedule: object): string => labels.get(schedule) ?? "retry"
