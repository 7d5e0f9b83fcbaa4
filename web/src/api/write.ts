import { useMutation, useQueryClient } from "@tanstack/react-query";

/** A write, after which everything shown is asked anew: one act often changes more than its own list. */
export function useWrite<Input, Output>(
  write: (input: Input) => Promise<Output>,
  done?: (output: Output, input: Input) => void,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: async (output: Output, input: Input) => {
      await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      done?.(output, input);
    },
  });
}
