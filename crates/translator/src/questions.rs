//! What equipment asks of a module, which answers one question at a time.

use std::collections::VecDeque;

use gsm::{Question, Told};
use tokio::sync::oneshot;

use crate::limits;

/// Questions in the order of their answers: the first one is being asked.
#[derive(Default)]
pub(crate) struct Questions(VecDeque<(Question, oneshot::Sender<Told>)>);

impl Questions {
    /// Puts a question behind the others; what is to be asked now, if it is this one.
    pub(crate) fn put(
        &mut self,
        question: Question,
        reply: oneshot::Sender<Told>,
    ) -> Option<Question> {
        // But for the one that is being asked: the next answer is its own.
        let mut asked = true;
        self.0.retain(|(_, reply)| std::mem::take(&mut asked) || !reply.is_closed());
        if self.0.len() >= limits::QUESTIONS {
            let _ = reply.send(Told::Nothing);
            return None;
        }
        self.0.push_back((question, reply));
        (self.0.len() == 1).then_some(question)
    }

    /// Passes an answer on; what is to be asked now.
    pub(crate) fn told(&mut self, told: Told) -> Option<Question> {
        if let Some((_, reply)) = self.0.pop_front() {
            let _ = reply.send(told);
        }
        self.0.front().map(|(question, _)| *question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Told {
        Told::Lines(vec![text.to_owned()])
    }

    #[test]
    fn each_question_gets_its_own_answer_though_another_one_was_given_up() {
        let mut questions = Questions::default();
        let (given_up, gone) = oneshot::channel();
        drop(gone);
        assert_eq!(questions.put(Question::Signal, given_up), Some(Question::Signal));
        let (reply, mut operator) = oneshot::channel();
        assert_eq!(questions.put(Question::Operator, reply), None);
        assert_eq!(questions.told(lines("+CSQ: 17,0")), Some(Question::Operator));
        assert!(operator.try_recv().is_err(), "the answer to the question before");
        assert_eq!(questions.told(lines("+COPS: 0")), None);
        assert_eq!(operator.try_recv(), Ok(lines("+COPS: 0")));
    }

    #[test]
    fn equipment_that_asks_and_gives_up_again_and_again_fills_no_queue() {
        let mut questions = Questions::default();
        let (reply, _first) = oneshot::channel();
        questions.put(Question::Signal, reply);
        for _ in 0..10 * limits::QUESTIONS {
            let (reply, gone) = oneshot::channel();
            drop(gone);
            questions.put(Question::Signal, reply);
        }
        assert!(questions.0.len() <= 2, "{} wait", questions.0.len());

        let mut waiting = Vec::new();
        for _ in 0..limits::QUESTIONS + 1 {
            let (reply, told) = oneshot::channel();
            questions.put(Question::Signal, reply);
            waiting.push(told);
        }
        assert_eq!(questions.0.len(), limits::QUESTIONS);
        assert_eq!(waiting.last_mut().map(oneshot::Receiver::try_recv), Some(Ok(Told::Nothing)));
    }
}
