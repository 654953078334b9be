import { dismissToast, useToasts } from '../app/toasts.ts';
import { texts } from '../texts.ts';
import { Button, IconButton } from './button.tsx';
import { Icon } from './icon.tsx';

/** Results and problems of what was started; read out when they come. */
export function Toasts() {
  const toasts = useToasts(state => state.toasts);
  return (
    <div className="toasts" role="log" aria-label={texts.toasts} aria-live="polite">
      {toasts.map(toast => (
        <div key={toast.id} className={`toast ${toast.problem ? 'stop' : ''}`}>
          {toast.problem && <Icon name="stop" />}
          <div className="toast-text">
            {toast.text}
            {toast.problem?.hint && <span className="muted">{toast.problem.hint}</span>}
          </div>
          {toast.action && (
            <Button
              variant="quiet"
              onPress={() => {
                toast.action?.run();
                dismissToast(toast.id);
              }}
            >
              {toast.action.label}
            </Button>
          )}
          <IconButton icon="close" label={texts.dismiss} onPress={() => dismissToast(toast.id)} />
        </div>
      ))}
    </div>
  );
}
