"""Chinese for the sentences that a job left when it ended: they are stored in English, and known by their words."""

STORED = (
    (r"The disk ran full\.", "磁盘已满。"),
    (r"The data has changed since the run began\.", "训练开始之后，数据已经改变。"),
    (r"Start a new run\.", "请重新开始一次训练。"),
    (r"The disk that holds (?P<place>.+) ran full while .+ was stored\.", "{place} 所在的磁盘已满，没有存完。"),
    (r"Free some space, then resume the job\.", "请先腾出空间，再继续这个任务。"),
    (
        r"Free some space there, or set (?P<name>\w+) to a folder on another disk, and try again\.",
        "请在那里腾出空间，或将 {name} 设为另一个磁盘上的文件夹，然后重试。",
    ),
    (r"There was not enough memory to train\.", "内存不足，无法训练。"),
    (r"There was not enough memory\.", "内存不足。"),
    (r"Halve train\.batch_size, or train the head only\.", "请将 train.batch_size 减半，或只训练头部。"),
    (
        r"Set train\.batch_size to (?P<half>\d+) \(it is (?P<now>\d+)\)\.",
        "请将 train.batch_size 设为 {half}（现在是 {now}）。",
    ),
    (
        r"Set train\.batch_size to (?P<half>\d+) \(it is (?P<now>\d+)\), or train the head only .+",
        "请将 train.batch_size 设为 {half}（现在是 {now}），或只训练头部（train.trainable: head）。",
    ),
    (
        r"Training failed at step (?P<step>\d+): the loss is no longer a number\.",
        "训练在第 {step} 步失败：损失不再是一个数。",
    ),
    (
        r"Start again with a lower train\.learning_rate \(a third of it, say\)\.",
        "请用更低的 train.learning_rate 重新开始（例如三分之一）。",
    ),
    (
        r"Stopped at step (?P<step>\d+) of (?P<most>\d+), with a checkpoint\.",
        "在第 {step} 步（共 {most} 步）停止，已存检查点。",
    ),
    (r"Stopped as asked\.", "已按要求停止。"),
    (r"It was ended while it was being stopped\.", "在停止过程中被结束。"),
    (
        r"The training process was ended by the system \((?P<name>\w+)\); it goes on from step (?P<step>\d+)\.",
        "训练进程被系统结束（{name}）；将从第 {step} 步继续。",
    ),
    (
        r"The training process crashed \((?P<name>\w+)\); it goes on from step (?P<step>\d+)\.",
        "训练进程崩溃（{name}）；将从第 {step} 步继续。",
    ),
    (
        r"The training process ended without a word; it goes on from step (?P<step>\d+)\.",
        "训练进程不明原因结束；将从第 {step} 步继续。",
    ),
    (
        r"The training process was ended by the system \((?P<name>\w+)\) (?P<times>\d+) times"
        r" after step (?P<step>\d+).*",
        "训练进程在第 {step} 步之后被系统结束了 {times} 次（{name}），可能是内存不足。",
    ),
    (
        r"The training process crashed \((?P<name>\w+)\) (?P<times>\d+) times after step (?P<step>\d+)\.",
        "训练进程在第 {step} 步之后崩溃了 {times} 次（{name}）。",
    ),
    (
        r"The training process ended without a word (?P<times>\d+) times after step (?P<step>\d+)\.",
        "训练进程在第 {step} 步之后不明原因结束了 {times} 次。",
    ),
    (
        r"Start it anew with half of train\.batch_size, or train the head only\.",
        "请将 train.batch_size 减半后重新开始，或只训练头部。",
    ),
    (r"The end of its log tells more: (?P<log>.+)\.", "日志末尾有更多信息：{log}"),
)
"""Pattern of the English sentence to the Chinese one, which takes the pattern's groups."""

MESSAGES = {
    "no_contestant": ("这个任务没有名为“{name}”的模型。", "可选的模型：{names}。"),
    "two_models": ("需要两个模型。", "请在两边各选一个；只有一个时，请先再训练一个。"),
    "same_model": ("两边是同一个模型。", "请换掉其中一个。"),
    "untrained_pair": ("两个未训练的模型没有可对比的。", "请在一边选一个训练过的模型。"),
    "no_common_class": ("{first} 和 {second} 没有共同的类别。", "请选两个区分同样类别的模型。"),
    "question_and_text": ("需要一个问题和一段文字。", "请补上缺少的一项。"),
}
"""Of errors in comparisons, by their code."""
