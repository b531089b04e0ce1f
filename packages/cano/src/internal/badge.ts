/** What a diagram says of a retry policy. A schedule is opaque, so the presets leave their words here. */
const badges = new WeakMap<object, string>()

export const set = <A extends object>(schedule: A, text: string): A => {
  badges.set(schedule, text)
  return schedule
}

export const get = (schedule: object): string => badges.get(schedule) ?? "retry"
