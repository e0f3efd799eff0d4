"""Chinese texts of the Question answering tab, and of the errors and notes of its sources."""

from xmodal.ui.locales.zh_data_tune import WARNINGS

TEXTS = {
    "answer.tab": "问答",
    "answer.sources": "资料来源",
    "answer.health": "健康知识集",
    "answer.health_info": "关于血压、糖尿病、睡眠、发烧、急救等的 60 篇短文，中英文各一份。"
    "仅为一般知识，不是医疗建议。",
    "answer.health_name": "健康知识集",
    "answer.files": "文档、图片和录音",
    "answer.text": "或者一段文字",
    "answer.text_name": "粘贴的文字",
    "answer.paste": "粘贴到这里",
    "answer.options": "选项",
    "answer.ocr": "识别扫描页",
    "answer.ocr_info": "识别 PDF 文件中页面图片上的文字；每页需要几秒。",
    "answer.model": "模型",
    "answer.model_info": "在资料中标出答案，不会编造。",
    "answer.question": "问题",
    "answer.question_info": "可以用中文或英文提问，最好与资料的语言相同。按回车提问。",
    "answer.run": "提问",
    "answer.speak": "用语音提问",
    "answer.spoken": "你的问题",
    "answer.sample_health_en": "同样的问题（英文）",
    "answer.sample_health_zh": "缓解高血压",
    "answer.sample_across": "用英文问中文资料",
    "answer.sample_picture": "关于一张图片",
    "answer.sample_recording": "关于一段录音",
    "answer.empty": "答案和把握程度会显示在这里。",
    "answer.none": "资料中没有提到。",
    "answer.none_hint": "下面是最接近的内容。",
    "answer.from": "来自",
    "answer.sure": "{percent} 的把握",
    "answer.no_advice": "仅为一般知识，不是医疗建议。关于你自己的健康，请咨询医生或药师。",
    "answer.copy": "复制答案",
    "answer.download": "下载全部（JSON）",
    "answer.rate": "答案正确吗？",
    "answer.evidence": "出处",
    "answer.evidence_empty": "原文段落会显示在这里，并标出答案。",
    "answer.evidence_none": "资料中没有接近的内容。",
    "answer.others": "其他候选",
    "answer.page": "第 {number} 页",
    "answer.moment": "{start} 至 {end}",
    "answer.history": "问过的问题",
    "answer.history_empty": "本次访问问过的问题会显示在这里。",
    "answer.passages": "检索了 {count} 段",
    "status.prepare": "正在准备",
    "status.index": "正在建立 {what} 的索引",
    "status.ocr": "正在识别 {what} 中的文字",
    "status.look": "正在看 {what}",
    "status.mark": "正在寻找答案",
}

_AS_TEXT = "请另存为 UTF-8 编码的文本文件后再试。"

MESSAGES = {
    "no_question": ("还没有问题。", "请输入一个问题。"),
    "long_question": ("问题有 {count} 个字符，最多 {most} 个。", "请用一两句话提问；长文字请放到资料里。"),
    "no_source": ("没有可以寻找答案的资料。", "请勾选健康知识集、选择文件，或粘贴一段文字。"),
    "no_answerer": ("还没有能回答问题的模型。", "请在“微调”页训练一个。"),
    "no_words": ("没有听到问题里的话。", "请靠近麦克风再说一次，或者直接输入。"),
    "nothing_heard": ("在 {name} 中没有识别出说话或声音。", "请选择有人说话的录音。"),
    "not_a_source": (
        "{name} 不是可以提问的文件类型。",
        "请使用 PDF、Word（.docx）、HTML 或文本文件、问答表格（csv）、图片或录音。",
    ),
    "no_text": ("{name} 里没有文字。", "请选择有文字的文档。"),
    "text_binary": ("{name} 不是文本文件。", _AS_TEXT),
    "text_encoding": ("无法判断 {name} 的文字编码。", _AS_TEXT),
    "long_document": ("{name} 超过 {most} 百万个字符。", "请分成几个文件。"),
    "pdf_password": ("{name} 有密码保护。", "请不设密码另存后再试。"),
    "pdf_protected": ("{name} 的保护方式无法读取。", "请另存或打印成没有保护的 PDF。"),
    "pdf_pages": ("{name} 有 {count} 页，最多 {most} 页。", "请分成几个文件。"),
    "pdf_broken": ("{name} 不是可以读取的 PDF。", "请打开它，另存后再试。"),
    "pdf_scan": ("{name} 里没有文字：页面都是图片。", "请勾选“识别扫描页”。"),
    "pdf_scan_empty": ("{name} 里没有文字：页面都是图片，也没有识别出文字。", "请换一份更清晰的扫描件。"),
    "docx_broken": ("{name} 不是可以读取的 Word 文件。", "请在 Word 里打开，另存为 .docx 后再试。"),
}
"""Code to what is wrong and what to do."""

NOTES = (
    (r"The question is long: only its end was read\.", "问题很长：只读了它的结尾。"),
    (r"What pictures show is looked for .+", "只有英文问题才会去看图片内容；这里只读了图片的标签和文字。"),
    (
        r"There is no text on pages? (?P<pages>.+?) of (?P<name>.+); “Read scanned pages” .+",
        "{name} 的第 {pages} 页没有文字；如果是图片，请勾选“识别扫描页”。",
    ),
    (r"There is no text on pages? (?P<pages>.+?) of (?P<name>.+)\.", "{name} 的第 {pages} 页没有文字。"),
    (r"Left out as damaged: pages? (?P<pages>.+?) of (?P<name>.+)\.", "{name} 的第 {pages} 页已损坏，未能读取。"),
    (r"The sounds in (?P<name>.+) could not be named: (?P<why>.+)", "{name} 里的声音未能识别：{why}"),
    (r"(?P<name>.+) was read as (?P<encoding>[^ ]+)\.", "{name} 按 {encoding} 编码读取。"),
    (r"(?P<name>.+) was read as (?P<encoding>[^ ]+); check .+", "{name} 按 {encoding} 编码读取。"),
    (r"Characters of (?P<name>.+) that could not be read, .+: (?P<count>\d+)\.", WARNINGS["damaged_characters"]),
    (r"(?P<count>\d+) (rows|lines) of (?P<name>.+) (have more cells|are not JSON) .+", WARNINGS["damaged_rows"]),
    (r"Columns of (?P<name>.+) without a name, .+", WARNINGS["columns"]),
)
"""What the sources' notes say in English to the same."""
