import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { texts } from '../texts.ts';
import { IconButton } from './button.tsx';
import './dialog.css';

export interface DialogProps {
  readonly title: string;
  /** Stands beside the title: "for 40 domains on 3 servers". */
  readonly subtitle?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  readonly size?: 'small' | 'medium' | 'large';
  readonly role?: 'dialog' | 'alertdialog';
}

/** A modal dialog: Escape closes it, the focus stays in it and returns to where it was. */
export function Dialog(props: DialogProps) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable={props.role !== 'alertdialog'}
      onOpenChange={isOpen => {
        if (!isOpen) props.onClose();
      }}
    >
      <Modal className={`modal ${props.size ?? 'medium'}`}>
        <AriaDialog className="dialog" role={props.role ?? 'dialog'}>
          <header className="dialog-header">
            <Heading slot="title" className="dialog-title">
              {props.title}
            </Heading>
            {props.subtitle && <p className="dialog-subtitle">{props.subtitle}</p>}
            <IconButton icon="close" label={texts.close} onPress={props.onClose} />
          </header>
          <div className="dialog-body">{props.children}</div>
          {props.footer && <footer className="dialog-footer">{props.footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
