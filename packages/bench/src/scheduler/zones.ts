/** The cron contenders spread their jobs over these. */
export const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Asia/Tokyo",
  "Africa/Casablanca"
] as const
