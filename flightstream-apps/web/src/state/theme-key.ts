export const THEME_STORAGE_KEY = "flightstream-theme";
