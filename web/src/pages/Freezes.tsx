import { Page } from "../components/Page";
import { Freezes } from "./freezes/Freezes";

/** The programme's own change freezes: they hold for all organisations and operators. */
export default function ProgrammeFreezes() {
  return (
    <Page
      title="Change freezes"
      lead="Windows in which no organisation and no operator changes what carries calls. They do not hold for you."
    >
      <Freezes role="programme" />
    </Page>
  );
}
