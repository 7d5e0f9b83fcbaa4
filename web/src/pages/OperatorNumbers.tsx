import { useState } from "react";

import { Drawer } from "../components/Drawer";
import { NumberWhy } from "./explain/NumberWhy";
import { NumberList } from "./numbers/NumberList";

/** An operator's numbers at its customers: open one for what may be done to it now, and why not. */
export default function OperatorNumbers() {
  const [why, setWhy] = useState<string>();
  return (
    <>
      <NumberList
        role="operator"
        lead="Numbers you uploaded, and at whom they are. Open one for what you may do to it now, and why not."
        empty="You have not uploaded numbers yet. Place an order under Orders, or through the API or the command line."
        onOpen={(number) => setWhy(number.number)}
      />
      {why && (
        <Drawer title={why} size="large" onClose={() => setWhy(undefined)}>
          <NumberWhy role="operator" number={why} />
        </Drawer>
      )}
    </>
  );
}
