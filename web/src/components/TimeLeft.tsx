import { useEffect, useState } from "react";

import { timeLeft } from "./format";

/** The time, told anew each second while somebody looks. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** What is left until a moment, and the word for when nothing is. */
export function TimeLeft({ until, over }: { until: string; over: string }) {
  const left = timeLeft(until, useNow());
  return (
    <span role="timer" style={{ fontVariantNumeric: "tabular-nums" }}>
      {left || over}
    </span>
  );
}
