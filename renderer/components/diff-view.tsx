import { diffLines } from './diff-lines.ts';
import { texts } from '../texts.ts';
import './diff-view.css';

/** A unified diff as lines with both numbers; what a colour says, a sign and a word for screen readers say too. */
export function DiffView(props: { readonly diff: string; readonly label: string; readonly withoutNumbers?: boolean }) {
  const lines = diffLines(props.diff);
  return (
    <div className="diff" role="group" aria-label={props.label}>
      <table role="presentation">
        <tbody>
          {lines.map((line, index) =>
            line.kind === 'hunk' ? (
              !props.withoutNumbers && (
                // oxlint-disable-next-line react/no-array-index-key -- lines have no identity but their place
                <tr key={index} className="diff-hunk">
                  <td colSpan={4}>{line.text}</td>
                </tr>
              )
            ) : (
              // oxlint-disable-next-line react/no-array-index-key -- lines have no identity but their place
              <tr key={index} className={`diff-line ${line.kind}`}>
                {!props.withoutNumbers && (
                  <>
                    <td className="diff-number">{line.before}</td>
                    <td className="diff-number">{line.after}</td>
                  </>
                )}
                <td className="diff-sign">
                  {texts.diffSigns[line.kind].sign}
                  <span className="visually-hidden">{texts.diffSigns[line.kind].word}</span>
                </td>
                <td className="diff-text">{line.text}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
