import { webDarkTheme, webLightTheme, type Theme } from "@fluentui/react-components";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

export type ThemeName = "light" | "dark";

const STORAGE_KEY = "meetpoint.theme";
const themes: Record<ThemeName, Theme> = { light: webLightTheme, dark: webDarkTheme };

interface ThemeChoice {
  name: ThemeName;
  theme: Theme;
  toggle: () => void;
}

const ThemeContext = createContext<ThemeChoice | null>(null);

function initialTheme(): ThemeName {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === "light" || stored === "dark") return stored;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function ThemeChoiceProvider({ children }: { children: ReactNode }) {
  const [name, setName] = useState(initialTheme);
  useEffect(() => {
    document.documentElement.style.colorScheme = name;
  }, [name]);
  const choice = useMemo(
    () => ({
      name,
      theme: themes[name],
      toggle: () => {
        const next = name === "light" ? "dark" : "light";
        localStorage.setItem(STORAGE_KEY, next);
        setName(next);
      },
    }),
    [name],
  );
  return <ThemeContext value={choice}>{children}</ThemeContext>;
}

export function useTheme(): ThemeChoice {
  const choice = useContext(ThemeContext);
  if (!choice) throw new Error("useTheme needs a ThemeChoiceProvider above it");
  return choice;
}
