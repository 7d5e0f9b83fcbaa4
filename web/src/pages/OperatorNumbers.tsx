import { NumberList } from "./numbers/NumberList";

/** An operator's numbers at its customers. */
export default function OperatorNumbers() {
  return (
    <NumberList
      role="operator"
      lead="Numbers you uploaded, and whom your customers gave them to."
      empty="You have not uploaded numbers yet. Orders go in through the API or the command line."
    />
  );
}
