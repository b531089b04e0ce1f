/** A text of the user's as an error shows it. */
export const abbreviated = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
